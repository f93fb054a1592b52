package io.kumki.agent.node;

import static org.assertj.core.api.Assertions.assertThat;

import io.kumki.dcs.cluster.ClusterStatus;
import io.kumki.dcs.cluster.ClusterView;
import io.kumki.dcs.cluster.FailoverRequest;
import io.kumki.dcs.cluster.Leadership;
import io.kumki.dcs.cluster.Member;
import io.kumki.dcs.cluster.MemberName;
import io.kumki.dcs.cluster.ScheduledRestart;
import io.kumki.dcs.cluster.ScheduledRestart.Conditions;
import io.kumki.dcs.cluster.SyncState;
import io.kumki.dcs.cluster.TimelineHistory;
import io.kumki.dcs.json.MemberJson;
import java.time.Duration;
import java.time.Instant;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

@Timeout(10)
class RestartScheduleTest {

    private static final MemberName ME = new MemberName("n1");
    private static final Duration LOOP_WAIT = Duration.ofSeconds(10);
    private static final String STARTED = "2026-01-01 00:00:00.000000+00:00";
    private static final String DUE = "2026-01-02T05:04:05+02:00";

    private final RestartSchedule schedule = new RestartSchedule(ME);

    private static ScheduledRestart restart(String at) {
        return new ScheduledRestart(at, Optional.of(STARTED), Conditions.NONE);
    }

    private Optional<ScheduledRestart> takeDue(Optional<String> started, String now) {
        return schedule.takeDue(started, Instant.parse(now), LOOP_WAIT);
    }

    @ParameterizedTest
    @CsvSource({
        "2026-01-02T03:04:04.999Z, false, true",
        "2026-01-02T03:04:05Z,     true,  false",
        "2026-01-02T03:04:20.999Z, true,  false",
        "2026-01-02T03:04:21Z,     false, false"
    })
    void itRunsOnceAtItsTimeOrNotAtAll(String now, boolean runs, boolean waitsOn) {
        schedule.add(restart(DUE));

        Optional<ScheduledRestart> due = takeDue(Optional.of(STARTED), now);

        assertThat(due.isPresent()).isEqualTo(runs);
        assertThat(schedule.waiting().isPresent()).isEqualTo(waitsOn);
    }

    @Test
    void aServerThatWasStartedAnewVoidsIt() {
        schedule.add(restart(DUE));

        assertThat(takeDue(Optional.empty(), "2026-01-02T03:00:00Z")).isEmpty();
        assertThat(schedule.waiting()).as("a silent server shows nothing").isPresent();
        assertThat(takeDue(Optional.of(STARTED.replace(' ', 'T')), "2026-01-02T03:00:00Z"))
                .isEmpty();
        assertThat(schedule.waiting()).as("the same in another form").isPresent();
        assertThat(takeDue(Optional.of("2026-01-02 02:00:00+00:00"), "2026-01-02T03:00:00Z"))
                .isEmpty();
        assertThat(schedule.waiting()).isEmpty();
    }

    @Test
    void aTimeThatCannotBeReadIsDropped() {
        schedule.add(restart("tomorrow"));

        assertThat(takeDue(Optional.of(STARTED), "2026-01-02T03:00:00Z")).isEmpty();
        assertThat(schedule.waiting()).isEmpty();
    }

    @Test
    void theLoopWakesInTime() {
        Instant now = Instant.parse("2026-01-02T03:04:00Z");
        assertThat(schedule.untilDue(now)).isEmpty();
        schedule.add(restart(DUE));

        assertThat(schedule.untilDue(now)).contains(Duration.ofSeconds(5));
        assertThat(schedule.untilDue(now.plusSeconds(6))).isEmpty();
    }

    @Test
    void oneWaitsAtATime() {
        assertThat(schedule.add(restart(DUE))).isTrue();
        assertThat(schedule.add(restart("2027-01-01T00:00:00Z"))).isFalse();
        assertThat(schedule.remove()).isTrue();
        assertThat(schedule.remove()).isFalse();
    }

    @Test
    void aNewAgentTakesItOverWithItsConditions() {
        Conditions conditions =
                new Conditions(
                        Optional.of("replica"), Optional.of("15.9"), OptionalInt.of(77), true);
        ScheduledRestart noted = new ScheduledRestart(DUE, Optional.of(STARTED), conditions);

        schedule.takeOver(viewWith(noted));

        assertThat(schedule.waiting()).contains(noted);
    }

    @Test
    void whatWasAskedOfTheNewAgentCountsMore() {
        ScheduledRestart mine = restart("2027-01-01T00:00:00Z");
        schedule.add(mine);

        schedule.takeOver(viewWith(restart(DUE)));

        assertThat(schedule.waiting()).contains(mine);
    }

    /** The member key as it went through the wire. */
    private static ClusterView viewWith(ScheduledRestart restart) {
        Member.Status status =
                new Member.Status(
                        "running",
                        "replica",
                        "4.1.4",
                        false,
                        false,
                        new TreeMap<>(),
                        Optional.of(restart),
                        false);
        Member written =
                new Member(
                        ME,
                        new Member.Addresses(Optional.empty(), Optional.empty(), Optional.empty()),
                        status,
                        Member.WalProgress.UNKNOWN,
                        io.kumki.dcs.cluster.Tags.NONE,
                        0);
        Member read = MemberJson.read(ME, MemberJson.write(written), 0).value();
        return new ClusterView(
                Optional.of("1"),
                new Leadership.Vacant(),
                new TreeMap<>(Map.of(ME, read)),
                Optional.empty(),
                FailoverRequest.NONE,
                SyncState.NONE,
                ClusterStatus.NONE,
                TimelineHistory.UNKNOWN,
                Optional.empty(),
                1);
    }
}
