package io.kumki.agent.postgres;

import static io.kumki.agent.postgres.ServerFixture.LIMIT;
import static io.kumki.agent.postgres.ServerFixture.await;
import static io.kumki.agent.postgres.ServerFixture.expectDone;
import static org.assertj.core.api.Assertions.assertThat;

import io.kumki.agent.ha.Divergence;
import io.kumki.agent.ha.LocalServer;
import io.kumki.agent.ha.LocalServer.Answer;
import io.kumki.agent.ha.SlotChange;
import io.kumki.agent.ha.StandbyTarget;
import io.kumki.agent.ha.Upstream;
import io.kumki.agent.postgres.PostgresServer.StopMode;
import io.kumki.agent.postgres.rejoin.UnfinishedMarker;
import io.kumki.dcs.cluster.Lsn;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class StandbyIT {

    private ServerFixture primary;
    private ServerFixture standby;

    @BeforeEach
    void setUp(@TempDir Path directory) throws IOException {
        primary = new ServerFixture(directory, "pg-1").bootstrapped();
        standby = new ServerFixture(directory, "pg-2");
        await(primary.server.reconcileSlots(List.of(new SlotChange.Create("pg_2"))));
        expectDone(
                standby.server.cloneFrom(
                        Optional.of(primary.upstream(Optional.empty())),
                        false,
                        new Cancellation()));
    }

    @AfterEach
    void tearDown() {
        standby.close();
        primary.close();
    }

    private StandbyTarget followPrimary() {
        return StandbyTarget.of(primary.upstream(Optional.of("pg_2")));
    }

    private static boolean streaming(LocalServer seen) {
        return seen.answer().orElse(null) instanceof Answer.Standby answer
                && answer.receiver().filter(LocalServer.Receiver::streaming).isPresent();
    }

    /** The control file learns of a timeline only at the next restartpoint. */
    @Test
    void knowsTheTimelineItLastReceivedWhenTheStreamHasEnded() {
        expectDone(standby.server.startAsStandby(followPrimary(), LIMIT, new Cancellation()));
        standby.observeUntil(StandbyIT::streaming);
        expectDone(
                primary.server.stop(
                        StopMode.FAST, Optional.of(LIMIT), PostgresServer.ShutdownListener.NONE));
        expectDone(primary.server.startAsStandby(StandbyTarget.NOBODY, LIMIT, new Cancellation()));
        expectDone(primary.server.promote(LIMIT, new Cancellation()));
        standby.observeUntil(seen -> streaming(seen) && timeline(seen) == 2);

        expectDone(
                primary.server.stop(
                        StopMode.IMMEDIATE,
                        Optional.of(LIMIT),
                        PostgresServer.ShutdownListener.NONE));
        LocalServer alone = standby.observeUntil(seen -> !streaming(seen));
        assertThat(timeline(alone)).isEqualTo(2);
    }

    @Test
    void streamsThroughItsSlotAndIsPromoted() {
        expectDone(standby.server.startAsStandby(followPrimary(), LIMIT, new Cancellation()));
        LocalServer seen = standby.observeUntil(StandbyIT::streaming);

        assertThat(await(standby.server.follows(followPrimary()))).isTrue();
        Answer.Standby answer = (Answer.Standby) seen.answer().orElseThrow();
        assertThat(answer.timeline()).isEqualTo(1);
        assertThat(answer.receiver().orElseThrow().senderPort()).isEqualTo(primary.port);
        assertThat(answer.receiver().orElseThrow().slotName()).isEqualTo("pg_2");
        LocalServer upstream = primary.observeUntil(s -> !senders(s).isEmpty());
        assertThat(senders(upstream).getFirst().applicationName()).isEqualTo("pg-2");
        assertThat(((Answer.Primary) upstream.answer().orElseThrow()).slots())
                .singleElement()
                .satisfies(slot -> assertThat(slot.active()).isTrue());

        Cancellation lapsed = new Cancellation(() -> Optional.of("the lease ended"));
        assertThat(ServerFixture.await(standby.server.promote(LIMIT, lapsed)))
                .isEqualTo(new OperationResult.Postponed("not promoted: the lease ended"));
        assertThat(standby.dataDir().resolve("promote")).doesNotExist();

        long begun = System.nanoTime();
        expectDone(standby.server.promote(LIMIT, new Cancellation()));
        Duration took = Duration.ofNanos(System.nanoTime() - begun);
        assertThat(standby.observe().answer())
                .get()
                .isInstanceOfSatisfying(
                        Answer.Primary.class, p -> assertThat(p.timeline()).isEqualTo(2));
        standby.sql("CREATE TABLE public.written (x int)");
        assertThat(took).isLessThan(Duration.ofSeconds(5));
    }

    private static List<LocalServer.Sender> senders(LocalServer server) {
        return server.answer().map(answer -> answer.info().senders()).orElse(List.of());
    }

    @Test
    void aStandbyHasEverythingThatTheListenerNames() {
        expectDone(standby.server.startAsStandby(followPrimary(), LIMIT, new Cancellation()));
        standby.observeUntil(StandbyIT::streaming);
        primary.sql("CREATE TABLE public.t AS SELECT generate_series(1, 10000) AS x");
        BlockingQueue<Lsn> told = new LinkedBlockingQueue<>();

        expectDone(primary.server.stop(StopMode.FAST, Optional.of(LIMIT), told::add));

        Lsn last = told.remove();
        assertThat(told).isEmpty();
        Answer.Standby answer = (Answer.Standby) standby.observe().answer().orElseThrow();
        assertThat(answer.position()).isGreaterThanOrEqualTo(last);
    }

    @Test
    void aStoppedStandbyStartsWithItsLastGoodUpstreamWhenNobodyIsKnown() throws IOException {
        expectDone(standby.server.startAsStandby(followPrimary(), LIMIT, new Cancellation()));
        standby.observeUntil(StandbyIT::streaming);
        expectDone(
                standby.server.stop(
                        StopMode.FAST, Optional.of(LIMIT), PostgresServer.ShutdownListener.NONE));

        expectDone(standby.server.startAsStandby(StandbyTarget.NOBODY, LIMIT, new Cancellation()));

        standby.observeUntil(StandbyIT::streaming);
        assertThat(Files.readString(standby.dataDir().resolve("postgresql.conf")))
                .contains("primary_conninfo = 'host=127.0.0.1")
                .doesNotContain("rep:pass");
    }

    @Test
    void aRunningStandbyIsSentElsewhereByReload() {
        expectDone(standby.server.startAsStandby(followPrimary(), LIMIT, new Cancellation()));
        standby.observeUntil(StandbyIT::streaming);
        StandbyTarget withoutSlot = StandbyTarget.of(primary.upstream(Optional.empty()));
        String started = startTime(standby.observe());

        assertThat(await(standby.server.follows(withoutSlot))).isFalse();
        expectDone(standby.server.follow(withoutSlot));

        LocalServer seen =
                standby.observeUntil(s ->
                        streaming(s)
                                && ((Answer.Standby) s.answer().orElseThrow())
                                        .receiver()
                                        .orElseThrow()
                                        .slotName()
                                        .isEmpty());
        assertThat(await(standby.server.follows(withoutSlot))).isTrue();
        assertThat(startTime(seen)).isEqualTo(started);
        expectDone(standby.server.follow(StandbyTarget.NOBODY));
        standby.observeUntil(StandbyIT::streaming);
    }

    private static String startTime(LocalServer server) {
        return server.answer().orElseThrow().info().postmasterStartTime();
    }

    @Test
    void anOldPrimaryStartsAsAStandbyOfTheNewOne() {
        expectDone(standby.server.startAsStandby(followPrimary(), LIMIT, new Cancellation()));
        standby.observeUntil(StandbyIT::streaming);
        expectDone(
                primary.server.stop(
                        StopMode.FAST, Optional.of(LIMIT), PostgresServer.ShutdownListener.NONE));
        expectDone(standby.server.promote(LIMIT, new Cancellation()));

        expectDone(
                primary.server.startAsStandby(
                        StandbyTarget.of(standby.upstream(Optional.empty())),
                        LIMIT,
                        new Cancellation()));

        // it streams the end of timeline 1 first
        primary.observeUntil(s -> streaming(s) && timeline(s) == 2);
    }

    private static int timeline(LocalServer seen) {
        return ((Answer.Standby) seen.answer().orElseThrow()).timeline();
    }

    @Test
    void aCrashedPrimaryWithWritesThatNobodyHasIsRewound() {
        expectDone(standby.server.startAsStandby(followPrimary(), LIMIT, new Cancellation()));
        standby.observeUntil(StandbyIT::streaming);
        primary.sql("CREATE TABLE public.t (x text)");
        standby.observeUntil(s ->
                ((Answer.Standby) s.answer().orElseThrow())
                                .replayedLsn()
                                .compareTo(flushed(primary))
                        >= 0);
        expectDone(
                standby.server.stop(
                        StopMode.FAST, Optional.of(LIMIT), PostgresServer.ShutdownListener.NONE));
        primary.sql("INSERT INTO public.t VALUES ('lost')");
        expectDone(
                primary.server.stop(
                        StopMode.IMMEDIATE,
                        Optional.of(LIMIT),
                        PostgresServer.ShutdownListener.NONE));
        expectDone(standby.server.startAsStandby(StandbyTarget.NOBODY, LIMIT, new Cancellation()));
        expectDone(standby.server.promote(LIMIT, new Cancellation()));
        standby.sql("INSERT INTO public.t VALUES ('kept')");
        expectDone(standby.server.checkpoint());
        assertThat(await(standby.server.checkpointedOn(2))).isTrue();
        assertThat(await(standby.server.history(2)).entries()).hasSize(1);

        Upstream leader = standby.upstream(Optional.empty());
        assertThat(primary.observe().control().orElseThrow().state().unclean()).isTrue();
        assertThat(primary.server.canRewind()).isTrue();
        expectDone(primary.server.recoverInSingleUserMode(new Cancellation()));
        assertThat(await(primary.server.assess(leader))).isInstanceOf(Divergence.Diverged.class);
        expectDone(primary.server.rewind(leader, new Cancellation()));
        expectDone(
                primary.server.startAsStandby(StandbyTarget.of(leader), LIMIT, new Cancellation()));

        primary.observeUntil(s -> streaming(s) && timeline(s) == 2);
        assertThat(primary.query("SELECT string_agg(x, ',') FROM public.t")).isEqualTo("kept");
        assertThat(await(primary.server.assess(leader))).isInstanceOf(Divergence.None.class);
    }

    private static Lsn flushed(ServerFixture server) {
        return ((Answer.Primary) server.observe().answer().orElseThrow()).flushedLsn();
    }

    @Test
    void aDirectoryWithUnfinishedWorkIsNeverStarted() throws IOException {
        Files.writeString(standby.dataDir().resolve(UnfinishedMarker.NAME), "clone");

        assertThat(standby.observe().data())
                .isEqualTo(
                        new LocalServer.DataDirectory.Unfinished(LocalServer.UnfinishedWork.CLONE));
        assertThat(await(standby.server.startAsStandby(followPrimary(), LIMIT, new Cancellation())))
                .isInstanceOf(OperationResult.Failed.class);
        assertThat(await(standby.server.startAsPrimary(LIMIT, new Cancellation())))
                .isInstanceOf(OperationResult.Failed.class);
    }
}
