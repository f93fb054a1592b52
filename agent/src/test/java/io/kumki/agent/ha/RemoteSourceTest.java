package io.kumki.agent.ha;

import static org.assertj.core.api.Assertions.assertThat;

import io.kumki.agent.ha.StandbyTarget.Source;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What {@code standby_cluster} comes to. */
@Timeout(10)
class RemoteSourceTest {

    private static final Map<String, Object> FULL =
            Map.of(
                    "host", "a,b",
                    "port", 5433,
                    "primary_slot_name", "site_b",
                    "restore_command", "cp /archive/%f %p",
                    "archive_cleanup_command", "true",
                    "recovery_min_apply_delay", "5min");

    @Test
    void theLeaderFollowsTheRemoteWithEverything() {
        StandbyTarget target =
                Following.target(Situations.leader().set("standby_cluster", FULL).get());
        assertThat(target)
                .isEqualTo(
                        new StandbyTarget(
                                Source.REMOTE,
                                Optional.of(
                                        new Upstream(
                                                Optional.empty(),
                                                "a,b",
                                                5433,
                                                "postgres",
                                                Optional.of("site_b"))),
                                Optional.of(
                                        new StandbyTarget.Archive(
                                                Optional.of("cp /archive/%f %p"),
                                                Optional.of("true"),
                                                Optional.of(Duration.ofMinutes(5))))));
    }

    @Test
    void theOthersFollowTheLeaderWithoutDelay() {
        StandbyTarget target =
                Following.target(Situations.standby().set("standby_cluster", FULL).get());
        assertThat(target.source()).isEqualTo(Source.MEMBER);
        assertThat(target.upstream().flatMap(Upstream::slot)).contains("n2");
        assertThat(target.archive())
                .contains(
                        new StandbyTarget.Archive(
                                Optional.of("cp /archive/%f %p"),
                                Optional.of("true"),
                                Optional.empty()));
    }

    @Test
    void withoutASlotOfItsOwnNoneIsUsedAtTheRemote() {
        StandbyTarget target =
                Following.target(
                        Situations.leader().set("standby_cluster", Map.of("host", "a")).get());
        assertThat(target.upstream().flatMap(Upstream::slot)).isEmpty();
    }

    @Test
    void anArchiveAloneIsNoServer() {
        Map<String, Object> archive = Map.of("restore_command", "cp /archive/%f %p");
        StandbyTarget target =
                Following.target(Situations.leader().set("standby_cluster", archive).get());
        assertThat(target.source()).isEqualTo(Source.REMOTE);
        assertThat(target.upstream()).isEmpty();
    }

    @ParameterizedTest
    @CsvSource({
        "300000, 300000",
        "5min, 300000",
        "1.5 h, 5400000",
        "2d, 172800000",
        "0, 0",
        "2500us, 2.5"
    })
    void delaysAreReadAsPostgresReadsThem(String text, double millis) {
        assertThat(RemoteSource.delay(text)).contains(Duration.ofNanos((long) (millis * 1e6)));
    }

    @ParameterizedTest
    @ValueSource(strings = {"soon", "-1", "5 minutes", "25d", "1e3", ""})
    void nonsenseDelaysAreNone(String text) {
        assertThat(RemoteSource.delay(text)).isEmpty();
    }
}
