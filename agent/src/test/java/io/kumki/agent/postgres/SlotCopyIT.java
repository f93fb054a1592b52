package io.kumki.agent.postgres;

import static io.kumki.agent.postgres.ServerFixture.LIMIT;
import static io.kumki.agent.postgres.ServerFixture.await;
import static io.kumki.agent.postgres.ServerFixture.expectDone;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.kumki.agent.ha.LocalServer;
import io.kumki.agent.ha.PermanentSlot;
import io.kumki.agent.ha.SlotChange;
import io.kumki.agent.ha.StandbyTarget;
import io.kumki.agent.postgres.PostgresServer.ShutdownListener;
import io.kumki.agent.postgres.PostgresServer.StopMode;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** What a copied logical slot is worth after a promotion. */
@Timeout(200)
class SlotCopyIT {

    private static final String CONSUME =
            "SELECT string_agg(data, E'\\n') FROM pg_logical_slot_get_changes('feed', NULL, NULL)";

    /**
     * A transaction that has a number but wrote nothing runs where the slot's decoding begins.
     * Decoding that has to find out for itself who runs there would wait for its end, which this
     * server never sees, and pass over what was committed meanwhile.
     */
    @Test
    void decodingGoesOnWhereItStoodThoughATransactionRanThere(@TempDir Path directory)
            throws SQLException {
        Map<String, String> logical = Map.of("wal_level", "logical", "hot_standby_feedback", "on");
        try (ServerFixture primary = new ServerFixture(directory, "one", logical).bootstrapped();
                ServerFixture standby = new ServerFixture(directory, "two", logical);
                Connection open =
                        PgConnections.open(
                                PgConnections.Target.local(primary.config, "test"), LIMIT)) {
            StandbyTarget target = StandbyTarget.of(primary.upstream(Optional.of("two")));
            await(primary.server.reconcileSlots(List.of(new SlotChange.Create("two"))));
            expectDone(
                    standby.server.cloneFrom(
                            Optional.of(primary.upstream(Optional.empty())),
                            false,
                            new Cancellation()));
            expectDone(standby.server.startAsStandby(target, LIMIT, new Cancellation()));
            primary.sql("CREATE TABLE public.rows (id int)");
            primary.sql("SELECT pg_create_logical_replication_slot('feed', 'test_decoding')");
            open.setAutoCommit(false);
            PgConnections.rows(open, "SELECT pg_current_xact_id()");
            String begun = primary.query("SELECT pg_current_wal_insert_lsn()");
            await().atMost(Duration.ofSeconds(60))
                    .untilAsserted(() -> {
                        primary.sql("INSERT INTO public.rows VALUES (0)", "CHECKPOINT");
                        primary.query(CONSUME);
                        assertThat(beginsAfterWithSnapshot(primary, begun)).isEqualTo("1");
                    });
            TreeMap<String, PermanentSlot.Logical> wanted = new TreeMap<>();
            wanted.put("feed", new PermanentSlot.Logical("postgres", "test_decoding"));
            expectDone(
                    standby.server.copySlots(
                            primary.upstream(Optional.empty()),
                            wanted,
                            target,
                            LIMIT,
                            new Cancellation()));

            primary.sql("INSERT INTO public.rows VALUES (4711)");
            String end = primary.query("SELECT pg_current_wal_flush_lsn()");
            await().atMost(Duration.ofSeconds(60))
                    .untilAsserted(() ->
                            assertThat(
                                            standby.query(
                                                    "SELECT pg_last_wal_replay_lsn() >= '"
                                                            + end
                                                            + "'"))
                                    .isEqualTo("t"));
            expectDone(
                    primary.server.stop(
                            StopMode.IMMEDIATE, Optional.of(LIMIT), ShutdownListener.NONE));
            expectDone(standby.server.promote(LIMIT, new Cancellation()));
            standby.observeUntil(LocalServer::primary);
            standby.sql("INSERT INTO public.rows VALUES (4712)");
            assertThat(standby.query(CONSUME)).contains("4711").contains("4712");
        }
    }

    private static String beginsAfterWithSnapshot(ServerFixture server, String position) {
        return server.query(
                "SELECT count(*) FROM pg_replication_slots WHERE slot_name = 'feed'"
                        + " AND restart_lsn > '"
                        + position
                        + "' AND (pg_stat_file('pg_logical/snapshots/'"
                        + " || replace(restart_lsn::text, '/', '-') || '.snap', true)).size > 0");
    }
}
