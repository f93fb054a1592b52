package io.kumki.agent.postgres;

import static io.kumki.agent.postgres.ServerFixture.LIMIT;
import static io.kumki.agent.postgres.ServerFixture.await;
import static io.kumki.agent.postgres.ServerFixture.expectDone;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.kumki.agent.ha.LocalServer.Answer;
import io.kumki.agent.ha.LocalServer.Slot;
import io.kumki.agent.ha.PermanentSlot;
import io.kumki.agent.ha.SlotChange;
import io.kumki.agent.ha.StandbyTarget;
import io.kumki.agent.postgres.PostgresServer.ShutdownListener;
import io.kumki.agent.postgres.PostgresServer.StopMode;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * PostgreSQL 17's own synchronisation of slots beside ours: it works with what we configure, we
 * keep off what it synchronises, and what a demoted primary has left doesn't stop it for good.
 */
@Timeout(200)
class SlotSyncIT {

    private static final Map<String, String> SYNCING =
            Map.of(
                    "wal_level", "logical",
                    "hot_standby_feedback", "on",
                    "sync_replication_slots", "on");

    private static final Path PROGRAMS =
            Optional.ofNullable(System.getenv("KUMKI_POSTGRES_MAJORS"))
                    .filter(text -> !text.isEmpty())
                    .map(Path::of)
                    .orElse(Path.of("/var/tmp/kumki-postgres-majors"))
                    .resolve("17/bin");

    private static final String SYNCED =
            "SELECT count(*) FROM pg_replication_slots WHERE slot_name = 'served' AND synced"
                    + " AND NOT temporary";

    @Test
    void theServersOwnSynchronisationGoesOnAfterTheRolesChanged(@TempDir Path directory) {
        assumeTrue(
                Files.isExecutable(PROGRAMS.resolve("postgres")),
                "NOT TESTED: there is no PostgreSQL 17 here; get it with tools/fetch-postgres-majors");
        try (ServerFixture one = server(directory, "one");
                ServerFixture two = server(directory, "two")) {
            one.bootstrapped();
            stop(one);
            one.copyTo(two);
            expectDone(one.server.startAsPrimary(LIMIT, new Cancellation()));
            await(one.server.reconcileSlots(List.of(new SlotChange.Create("two"))));
            follow(two, one);
            one.sql(
                    "SELECT pg_create_logical_replication_slot('served', 'pgoutput', failover => true)");
            awaitSynced(two, one);
            ourCopyKeepsOff(two, one);

            one.sql("SELECT pg_create_logical_replication_slot('ours', 'pgoutput')");
            stop(one);
            expectDone(two.server.promote(LIMIT, new Cancellation()));
            two.observeUntil(seen -> seen.primary());
            assertThat(slots(two)).as("not ours, so never dropped").isEmpty();
            await(two.server.reconcileSlots(List.of(new SlotChange.Create("one"))));
            follow(one, two);
            assertThat(slots(one))
                    .as("the demoted primary's own, which may stop the synchronisation")
                    .allMatch(Slot::leftover)
                    .extracting(Slot::name)
                    .containsExactlyInAnyOrder("served", "ours");
            assertThat(one.query(SYNCED)).isEqualTo("0");
            await(
                    one.server.reconcileSlots(
                            List.of(new SlotChange.Drop("served"), new SlotChange.Drop("ours"))));
            awaitSynced(one, two);
            assertThat(slots(one)).isEmpty();
        }
    }

    /** Neither seen as ours nor copied; nothing is stopped for it. */
    private static void ourCopyKeepsOff(ServerFixture standby, ServerFixture primary) {
        assertThat(slots(standby)).isEmpty();
        String started = standby.query("SELECT pg_postmaster_start_time()");
        TreeMap<String, PermanentSlot.Logical> wanted = new TreeMap<>();
        wanted.put("served", new PermanentSlot.Logical("postgres", "pgoutput"));
        OperationResult result =
                await(
                        standby.server.copySlots(
                                primary.upstream(Optional.empty()),
                                wanted,
                                target(standby, primary),
                                LIMIT,
                                new Cancellation()));
        assertThat(result).isInstanceOf(OperationResult.Failed.class);
        assertThat(result.toString()).contains("has none of [served]");
        assertThat(standby.query("SELECT pg_postmaster_start_time()")).isEqualTo(started);
        assertThat(standby.query(SYNCED)).isEqualTo("1");
    }

    /** PostgreSQL keeps a slot for good once the primary's has moved to what the standby has. */
    private static void awaitSynced(ServerFixture standby, ServerFixture primary) {
        await().atMost(Duration.ofSeconds(60))
                .untilAsserted(() -> {
                    primary.sql(
                            "CHECKPOINT",
                            "SELECT pg_replication_slot_advance('served', pg_current_wal_flush_lsn())");
                    assertThat(standby.query(SYNCED)).isEqualTo("1");
                });
    }

    private static List<Slot> slots(ServerFixture server) {
        return switch (server.observe().answer().orElseThrow()) {
            case Answer.Primary primary -> primary.slots().stream().filter(Slot::logical).toList();
            case Answer.Standby standby -> standby.slots().stream().filter(Slot::logical).toList();
        };
    }

    private static void follow(ServerFixture standby, ServerFixture primary) {
        expectDone(
                standby.server.startAsStandby(target(standby, primary), LIMIT, new Cancellation()));
        standby.observeUntil(seen ->
                seen.answer().orElse(null) instanceof Answer.Standby answer
                        && answer.receiver().filter(r -> r.streaming()).isPresent());
    }

    private static StandbyTarget target(ServerFixture standby, ServerFixture primary) {
        return StandbyTarget.of(primary.upstream(Optional.of(standby.name)));
    }

    private static void stop(ServerFixture server) {
        expectDone(server.server.stop(StopMode.FAST, Optional.of(LIMIT), ShutdownListener.NONE));
    }

    private static ServerFixture server(Path directory, String name) {
        return new ServerFixture(directory, name, SYNCING, Optional.of(PROGRAMS));
    }
}
