package io.kumki.agent.postgres;

import io.kumki.agent.ha.SlotChange;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.util.Collections;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.SortedMap;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Whether a logical slot on this standby could be used after a promotion.
 *
 * <p>The slot needs catalog rows that the primary may have vacuumed away already, as nothing held
 * them back there for this standby. So it waits: once the primary's physical slot for this server
 * holds a {@code catalog_xmin}, the primary's logical slot's is remembered; when the physical one
 * has passed that, and the local slot has passed the physical one, all that it may need is here and
 * stays. And decoding must be able to begin exactly where the slot stands: that takes the decoding
 * snapshot of that position on this server's disk, else it would begin somewhat later and pass over
 * what was committed before. A server that was started anew begins anew.
 */
final class SlotReadiness {

    private static final Logger LOG = LoggerFactory.getLogger(SlotReadiness.class);

    private static final Duration LIMIT = Duration.ofSeconds(5);

    private static final String ASK =
            "SELECT catalog_xmin::text FROM pg_replication_slots WHERE slot_name = ?";

    private static final String BEGINS =
            "SELECT (pg_stat_file('pg_logical/snapshots/' || replace(restart_lsn::text, '/', '-')"
                    + " || '.snap', true)).size IS NOT NULL"
                    + " FROM pg_replication_slots WHERE slot_name = ?";

    private final Installation installation;
    private final SortedMap<String, Integer> remembered = new TreeMap<>();
    private @Nullable ProcessIdentity server;
    private volatile SortedMap<String, Boolean> ready = new TreeMap<>();

    SlotReadiness(Installation installation) {
        this.installation = installation;
    }

    /** Logical slot of this standby to whether a promotion now would lose nothing of it. */
    SortedMap<String, Boolean> ready() {
        return ready;
    }

    /** What isn't among the changes any more is forgotten. One caller at a time. */
    void keep(ProcessIdentity current, java.util.Collection<String> names) {
        SortedMap<String, Boolean> kept = new TreeMap<>(ready);
        if (!current.equals(server)) {
            kept.clear();
            remembered.clear();
            server = current;
        }
        kept.keySet().retainAll(names);
        remembered.keySet().retainAll(names);
        names.forEach(name -> kept.putIfAbsent(name, false));
        ready = Collections.unmodifiableSortedMap(kept);
    }

    /** Blocks for a few seconds at most. */
    void verify(Connection local, SlotChange.Verify slot) throws SQLException {
        if (ready.getOrDefault(slot.name(), false)) {
            return;
        }
        OptionalInt physical;
        OptionalInt logical;
        try (Connection primary =
                PgConnections.open(SlotCopier.target(installation, slot.primary()), LIMIT)) {
            physical = ask(primary, slot.physical());
            logical = ask(primary, slot.name());
        }
        if (physical.isEmpty()) {
            boolean feedback =
                    PgConnections.rows(local, "SHOW hot_standby_feedback")
                            .getFirst()
                            .getFirst()
                            .equals(Optional.of("on"));
            if (!feedback) {
                LOG.atError()
                        .addKeyValue("slot", slot.name())
                        .log(
                                "slot can't become safe for a promotion: hot_standby_feedback is off; switch it on");
            }
            return;
        }
        if (logical.isPresent()) {
            remembered.putIfAbsent(slot.name(), logical.getAsInt());
        }
        OptionalInt own = ask(local, slot.name());
        Integer first = remembered.get(slot.name());
        if (first != null
                && own.isPresent()
                && notAfter(first, physical.getAsInt())
                && notAfter(physical.getAsInt(), own.getAsInt())
                && begins(local, slot.name())) {
            SortedMap<String, Boolean> more = new TreeMap<>(ready);
            more.put(slot.name(), true);
            ready = Collections.unmodifiableSortedMap(more);
            LOG.atInfo()
                    .addKeyValue("slot", slot.name())
                    .log("logical slot is safe to be used after a promotion");
        }
    }

    private static boolean begins(Connection local, String name) throws SQLException {
        try (PreparedStatement statement = local.prepareStatement(BEGINS)) {
            statement.setString(1, name);
            try (ResultSet row = statement.executeQuery()) {
                return row.next() && row.getBoolean(1);
            }
        }
    }

    /** Transaction numbers go round in a circle of 2^32. */
    static boolean notAfter(int one, int other) {
        return one - other <= 0;
    }

    private static OptionalInt ask(Connection connection, String name) throws SQLException {
        try (PreparedStatement statement = connection.prepareStatement(ASK)) {
            statement.setString(1, name);
            try (ResultSet row = statement.executeQuery()) {
                String xid = row.next() ? row.getString(1) : null;
                return xid == null
                        ? OptionalInt.empty()
                        : OptionalInt.of(Integer.parseUnsignedInt(xid));
            }
        }
    }
}
