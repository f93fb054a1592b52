package io.kumki.agent.ha;

import static io.kumki.agent.ha.Situations.NOW;
import static io.kumki.agent.ha.Situations.leader;
import static io.kumki.agent.ha.Situations.standby;
import static org.assertj.core.api.Assertions.assertThat;

import io.kumki.agent.ha.LocalServer.ClusterState;
import io.kumki.agent.ha.LocalServer.Postmaster;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What counts as a crash of a primary that had started well, and what doesn't. */
@Timeout(10)
class CrashesTest {

    private static final Crashes.Life LIFE =
            new Crashes.Life(Situations.INFO.postmasterStartTime(), "one");

    private static Situations wasUp(Situations s) {
        return s.memory(m -> m.withCrashes(new Crashes(List.of(), Optional.of(LIFE), true)));
    }

    private static Situations runs(String memoryStart) {
        LocalServer.ServerInfo info =
                new LocalServer.ServerInfo(
                        Situations.INFO.postmasterStartTime(),
                        150004,
                        List.of(),
                        LocalServer.SyncSetting.NONE,
                        memoryStart);
        return leader().answers(
                        new LocalServer.Answer.Primary(info, 2, Situations.POSITION, List.of()));
    }

    private static List<Long> counted(Situations s) {
        return Recollection.refresh(s.get()).crashes().atNanos();
    }

    private static Situations died() {
        return wasUp(leader()).stopped(ClusterState.IN_PRODUCTION, false);
    }

    @Test
    void theEndOfARunningPrimaryIsOneCrash() {
        Memory after = Recollection.refresh(died().get());
        assertThat(after.crashes().atNanos()).containsExactly(NOW);
        assertThat(after.crashes().handOverTried()).isFalse();
        assertThat(counted(died().memory(m -> after))).as("seen again").containsExactly(NOW);
    }

    @Test
    void processesThatBeganAnewUnderTheSamePostmasterAreOneCrash() {
        assertThat(counted(wasUp(runs("two")))).containsExactly(NOW);
        assertThat(counted(wasUp(runs("one")))).isEmpty();
        assertThat(counted(wasUp(runs("")))).as("not known").isEmpty();
    }

    /**
     * {@code restart_after_crash: off}, as in strict mode: the server ends, and the agent starts
     * it.
     */
    @Test
    void aBackendsCrashThatEndsTheServerIsOneCrashAndItsNextLifeNoSecond() {
        Memory down = Recollection.refresh(died().get());
        Memory up = Recollection.refresh(runs("two").memory(_ -> down).get());
        assertThat(up.crashes().atNanos()).containsExactly(NOW);
        assertThat(counted(runs("two").memory(_ -> up))).containsExactly(NOW);
        Situations again = leader().stopped(ClusterState.IN_PRODUCTION, false).memory(_ -> up);
        assertThat(counted(again)).containsExactly(NOW, NOW);
    }

    /** Agent and server died together: what {@code up} says comes from the agent before. */
    @Test
    void whatThePredecessorSawRunningAndIsDownIsOneCrash() {
        Crashes known = new Crashes(List.of(NOW - 1, NOW - 1), Optional.of(LIFE), false);
        Situations fresh =
                leader().stopped(ClusterState.IN_PRODUCTION, false)
                        .memory(_ -> Memory.FRESH.withCrashes(known));
        assertThat(counted(fresh)).hasSize(3);
        assertThat(Crashes.loop(fresh.memory(_ -> Recollection.refresh(fresh.get())).get()))
                .isPresent();
        assertThat(
                        counted(
                                standby()
                                        .stopped(ClusterState.IN_PRODUCTION, false)
                                        .memory(_ -> Memory.FRESH.withCrashes(known))))
                .as("another leads meanwhile")
                .hasSize(2);
    }

    @Test
    void whatSomebodyWantedIsNoCrash() {
        assertThat(counted(wasUp(leader()).stopped(ClusterState.SHUT_DOWN, false)))
                .as("stopped cleanly")
                .isEmpty();
        assertThat(counted(died().paused())).isEmpty();
        assertThat(counted(died().command(new OperatorCommand.Shutdown()))).isEmpty();
        assertThat(counted(died().doing(new Operation.FenceStop()))).isEmpty();
        assertThat(counted(died().leaseLeft(Duration.ofSeconds(-1)))).as("the guard").isEmpty();
        assertThat(counted(wasUp(standby()).stopped(ClusterState.IN_ARCHIVE_RECOVERY, true)))
                .as("a standby")
                .isEmpty();
        assertThat(counted(leader().stopped(ClusterState.IN_PRODUCTION, false)))
                .as("it never ran")
                .isEmpty();
        assertThat(counted(wasUp(leader()).mute(Postmaster.RUNNING))).as("mute").isEmpty();
    }

    @Test
    void noMoreAreRememberedThanCanBeAskedFor() {
        Situations s = died();
        for (int i = 0; i < 50; i++) {
            Crashes crashes = Recollection.refresh(s.get()).crashes();
            s =
                    died().memory(m ->
                            m.withCrashes(
                                    new Crashes(crashes.atNanos(), Optional.of(LIFE), false)));
        }
        assertThat(counted(s)).hasSize(20);
    }

    @Test
    void littleRoomIsAnImpairmentAndSoIsACrashLoop() {
        assertThat(Crashes.impairment(leader().get())).isEmpty();
        assertThat(Crashes.impairment(leader().walRoom(33_554_432).get())).isEmpty();
        assertThat(Crashes.impairment(leader().walRoom(33_554_431).get()))
                .contains("its WAL volume has 32.0 MB free, and 32 are needed");
        assertThat(Crashes.impairment(leader().crashes(3, Duration.ofSeconds(9)).get()))
                .contains("its server crashed 3 times within 600 s as the primary");
    }
}
