package io.kumki.agent.postgres;

import io.kumki.agent.ha.SlotChange;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Creates, drops and advances physical slots; what fails is logged and left for the next turn. */
final class SlotReconciler {

    private static final Logger LOG = LoggerFactory.getLogger(SlotReconciler.class);

    /** A physical slot's change is a matter of milliseconds unless the disk is stuck. */
    static final Duration STATEMENT_LIMIT = Duration.ofSeconds(10);

    private static final String CREATE =
            "SELECT pg_create_physical_replication_slot(?, true) WHERE NOT EXISTS"
                    + " (SELECT FROM pg_replication_slots WHERE slot_name = ?)";
    private static final String DROP =
            "SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots"
                    + " WHERE slot_name = ? AND NOT active AND slot_type = 'physical'";
    private static final String ADVANCE =
            "SELECT pg_replication_slot_advance(slot_name, ?::pg_lsn) FROM pg_replication_slots"
                    + " WHERE slot_name = ? AND NOT active AND restart_lsn < ?::pg_lsn";

    private final ServerProcess process;
    private final Heartbeat connection;

    SlotReconciler(ServerProcess process, Heartbeat connection) {
        this.process = process;
        this.connection = connection;
    }

    void reconcile(List<SlotChange> changes) {
        Optional<ProcessIdentity> server = process.postmaster();
        if (server.isEmpty()) {
            return;
        }
        for (SlotChange change : changes) {
            try {
                connection.ask(server.get(), STATEMENT_LIMIT, jdbc -> apply(jdbc, change));
                LOG.atDebug().addKeyValue("action", change).log("slot changed");
            } catch (SQLException e) {
                LOG.atWarn()
                        .addKeyValue("action", change)
                        .addKeyValue("error", e.getMessage())
                        .log("slot can't be changed; trying again in the next turn");
                if (Heartbeat.broken(e)) {
                    return;
                }
            }
        }
    }

    private static boolean apply(Connection jdbc, SlotChange change) throws SQLException {
        return switch (change) {
            case SlotChange.Create(String name) -> run(jdbc, CREATE, name, name);
            case SlotChange.Drop(String name) -> run(jdbc, DROP, name);
            case SlotChange.Advance(String name, var to) ->
                    run(jdbc, ADVANCE, to.toString(), name, to.toString());
        };
    }

    private static boolean run(Connection jdbc, String sql, String... values) throws SQLException {
        try (PreparedStatement statement = jdbc.prepareStatement(sql)) {
            for (int i = 0; i < values.length; i++) {
                statement.setString(i + 1, values[i]);
            }
            return statement.execute();
        }
    }
}
