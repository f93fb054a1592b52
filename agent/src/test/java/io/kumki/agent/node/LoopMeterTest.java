package io.kumki.agent.node;

import static org.assertj.core.api.Assertions.assertThat;

import io.kumki.dcs.cluster.Leadership;
import io.kumki.dcs.cluster.MemberName;
import io.kumki.restapi.Histogram;
import io.vertx.core.Promise;
import java.time.Duration;
import java.time.Instant;
import java.util.Objects;
import org.junit.jupiter.api.Test;

class LoopMeterTest {

    private static final MemberName ME = new MemberName("pg-1");
    private static final Leadership OTHER = new Leadership.Held(new MemberName("pg-2"), 1, 1, 1);
    private static final Leadership MINE = new Leadership.Held(ME, 2, 2, 2);

    private final StoppedClock clock = new StoppedClock();
    private final LoopMeter meter = new LoopMeter(clock, ME);

    @Test
    void aWonFailoverIsMeasuredPhaseByPhase() {
        meter.saw(OTHER);
        after(3_000);
        meter.saw(new Leadership.Unknown("silent", true));
        after(1_000);
        meter.saw(new Leadership.Vacant());
        after(200);
        meter.saw(new Leadership.Vacant());
        meter.elected();
        after(300);
        meter.promoted();
        after(100);
        meter.saw(MINE);
        meter.writable();
        meter.writable();

        assertThat(millis("detected")).isEqualTo(4_000);
        assertThat(millis("elected")).isEqualTo(200);
        assertThat(millis("promoted")).isEqualTo(500);
        assertThat(millis("writable")).isEqualTo(600);
        assertThat(meter.timings().failoverPhases().values()).allMatch(phase -> phase.count() == 1);
    }

    @Test
    void anElectionThatAnotherWinsIsTheirs() {
        meter.saw(OTHER);
        meter.saw(new Leadership.Vacant());
        meter.saw(OTHER);
        meter.elected();
        meter.promoted();
        meter.writable();
        assertThat(phase("detected").count()).isEqualTo(1);
        assertThat(phase("elected").count()).isZero();
        assertThat(phase("writable").count()).isZero();
    }

    @Test
    void aLeaderThatOnlyGoesOnHasNoPhases() {
        meter.saw(MINE);
        meter.writable();
        meter.saw(MINE);
        assertThat(meter.timings().failoverPhases().values()).allMatch(phase -> phase.count() == 0);
    }

    @Test
    void aRequestIsMeasuredUntilItsAnswerOrItsFailure() {
        Promise<String> read = Promise.promise();
        meter.timed("read", read.future());
        after(30);
        read.fail("no answer");
        Histogram.Snapshot reads =
                Objects.requireNonNull(meter.timings().storeRequests().get("read"));
        assertThat(reads.count()).isEqualTo(1);
        assertThat(reads.sumNanos()).isEqualTo(30_000_000);
    }

    @Test
    void lagIsWhatComesBeyondTheInterval() {
        LagMeter lag = LagMeter.start(clock, meter::lagged);
        after(507);
        clock.due.run();
        lag.end();
        clock.due.run();
        assertThat(meter.timings().lag().count()).isEqualTo(1);
        assertThat(meter.timings().lag().sumNanos()).isEqualTo(7_000_000);
    }

    private Histogram.Snapshot phase(String name) {
        return java.util.Objects.requireNonNull(meter.timings().failoverPhases().get(name));
    }

    private long millis(String name) {
        return phase(name).sumNanos() / 1_000_000;
    }

    private void after(long millis) {
        clock.nanos += millis * 1_000_000;
    }

    private static final class StoppedClock implements LoopClock {
        private long nanos = 5;
        private Runnable due = () -> {};

        @Override
        public long nanos() {
            return nanos;
        }

        @Override
        public Instant wall() {
            return Instant.EPOCH;
        }

        @Override
        public Timer schedule(Duration delay, Runnable task) {
            due = task;
            return () -> {};
        }

        @Override
        public void execute(Runnable task) {
            task.run();
        }
    }
}
