package io.kumki.agent.postgres;

import io.kumki.agent.ha.SlotChange;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentHashMap;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Creates, drops and advances slots; what fails is logged and left for the next turn. */
final class SlotReconciler {

    private static final Logger LOG = LoggerFactory.getLogger(SlotReconciler.class);

    /** A physical slot's change is a matter of milliseconds unless the disk is stuck. */
    static final Duration STATEMENT_LIMIT = Duration.ofSeconds(10);

    private static final String CREATE =
            "SELECT pg_create_physical_replication_slot(?, true) WHERE NOT EXISTS"
                    + " (SELECT FROM pg_replication_slots WHERE slot_name = ?)";
    private static final String DROP =
            "SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots"
                    + " WHERE slot_name = ? AND NOT active";
    private static final String ADVANCE =
            "SELECT pg_replication_slot_advance(slot_name, ?::pg_lsn) FROM pg_replication_slots"
                    + " WHERE slot_name = ? AND NOT active AND restart_lsn < ?::pg_lsn";

    private static final String CREATE_LOGICAL =
            "SELECT pg_create_logical_replication_slot(?, ?) WHERE NOT EXISTS"
                    + " (SELECT FROM pg_replication_slots WHERE slot_name = ?)";

    /** Only in recovery: on a primary the consumer alone says how far it is. */
    private static final String ADVANCE_LOGICAL =
            "SELECT pg_replication_slot_advance(slot_name, ?::pg_lsn) FROM pg_replication_slots"
                    + " WHERE slot_name = ? AND NOT active AND confirmed_flush_lsn < ?::pg_lsn"
                    + " AND pg_is_in_recovery()";

    /** WAL that the slot needs is gone, or the slot was invalidated. */
    private static final Set<String> USELESS = Set.of("58P01", "55000");

    /** Each takes a connection of its own. */
    private static final int ADVANCED_AT_ONCE = 4;

    private final ServerProcess process;
    private final Heartbeat connection;
    private final Installation installation;
    private final SlotReadiness readiness;
    private final Set<String> advancing = ConcurrentHashMap.newKeySet();
    private final Set<String> skipped = new TreeSet<>();

    SlotReconciler(Installation installation, ServerProcess process, Heartbeat connection) {
        this.installation = installation;
        this.process = process;
        this.connection = connection;
        this.readiness = new SlotReadiness(installation);
    }

    SlotReadiness readiness() {
        return readiness;
    }

    void reconcile(List<SlotChange> changes) {
        Optional<ProcessIdentity> server = process.postmaster();
        if (server.isEmpty()) {
            return;
        }
        advance(
                changes.stream()
                        .filter(SlotChange.AdvanceLogical.class::isInstance)
                        .map(SlotChange.AdvanceLogical.class::cast)
                        .toList());
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
        verify(
                server.get(),
                changes.stream()
                        .filter(SlotChange.Verify.class::isInstance)
                        .map(SlotChange.Verify.class::cast)
                        .toList());
    }

    /** Last, as it waits for the primary, which may be gone. */
    private void verify(ProcessIdentity server, List<SlotChange.Verify> slots) {
        if (slots.isEmpty()) {
            readiness.forget();
            return;
        }
        try {
            connection.ask(
                    server,
                    STATEMENT_LIMIT,
                    jdbc -> {
                        readiness.verify(server, slots, jdbc);
                        return true;
                    });
        } catch (SQLException e) {
            LOG.atWarn()
                    .addKeyValue("slots", readiness.ready().keySet())
                    .addKeyValue("error", e.getMessage())
                    .log(
                            "logical slots can't be compared with the primary's; trying again in the next turn");
        }
    }

    private boolean apply(Connection jdbc, SlotChange change) throws SQLException {
        return switch (change) {
            case SlotChange.Create(String name) -> run(jdbc, CREATE, name, name);
            case SlotChange.Drop(String name) -> run(jdbc, DROP, name);
            case SlotChange.Advance(String name, var to) ->
                    run(jdbc, ADVANCE, to.toString(), name, to.toString());
            case SlotChange.CreateLogical logical -> createLogical(logical);
            case SlotChange.AdvanceLogical _ -> true; // runs beside
            case SlotChange.Verify _ -> true; // all at once, afterwards
            case SlotChange.Report(String name, String why) -> {
                if (skipped.add(name + why)) {
                    LOG.atError()
                            .addKeyValue("slot", name)
                            .addKeyValue("reason", why)
                            .log("slot is in question");
                }
                yield false;
            }
            case SlotChange.Skip(String name, String why) -> {
                if (skipped.add(name + why)) {
                    LOG.atError()
                            .addKeyValue("slot", name)
                            .addKeyValue("reason", why)
                            .log("slot skipped");
                }
                yield false;
            }
        };
    }

    /** Waits for transactions that run, so it has the statement's limit of its own connection. */
    private boolean createLogical(SlotChange.CreateLogical slot) throws SQLException {
        try (Connection jdbc =
                PgConnections.open(
                        PgConnections.Target.local(installation.config(), "slots")
                                .to(slot.database()),
                        STATEMENT_LIMIT)) {
            return run(jdbc, CREATE_LOGICAL, slot.name(), slot.plugin(), slot.name());
        }
    }

    /** Nobody waits, and no slot for another: decoding takes as long as it takes. */
    private void advance(List<SlotChange.AdvanceLogical> slots) {
        for (SlotChange.AdvanceLogical slot : slots) {
            if (advancing.size() >= ADVANCED_AT_ONCE || !advancing.add(slot.name())) {
                continue;
            }
            Thread.ofVirtual()
                    .name("advance-logical-slot")
                    .start(() -> {
                        try {
                            advance(slot);
                        } finally {
                            advancing.remove(slot.name());
                        }
                    });
        }
    }

    private void advance(SlotChange.AdvanceLogical slot) {
        try (Connection jdbc =
                PgConnections.open(
                        PgConnections.Target.local(installation.config(), "slots")
                                .to(slot.database()),
                        Duration.ZERO)) {
            try {
                run(jdbc, ADVANCE_LOGICAL, slot.to().toString(), slot.name(), slot.to().toString());
            } catch (SQLException e) {
                if (!USELESS.contains(String.valueOf(e.getSQLState()))) {
                    throw e;
                }
                LOG.atWarn()
                        .addKeyValue("slot", slot.name())
                        .addKeyValue("error", e.getMessage())
                        .log("logical slot can't be advanced here; it is dropped and copied again");
                run(jdbc, DROP, slot.name());
            }
        } catch (SQLException e) {
            LOG.atWarn()
                    .addKeyValue("slot", slot.name())
                    .addKeyValue("error", e.getMessage())
                    .log("logical slot can't be advanced; trying again in the next turn");
        }
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
