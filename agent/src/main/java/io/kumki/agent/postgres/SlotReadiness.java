package io.kumki.agent.postgres;

import io.kumki.agent.ha.SlotChange;
import io.kumki.agent.ha.Upstream;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.util.Collection;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
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
 * holds a {@code catalog_xmin}, the primary's logical slot's is remembered. Until then that one
 * held the rows back, since then the physical one does, which follows the oldest of this standby's
 * slots: when the local slot has passed both, all that it may need is here and stays. And decoding
 * must be able to begin exactly where the slot stands: that takes the decoding snapshot of that
 * position on this server's disk, else it would begin somewhat later and pass over what was
 * committed before.
 *
 * <p>All of that is looked at in every turn, also of a slot that was ready: one that nothing holds
 * back for any more begins anew, as does everything when the local server was started anew or
 * another primary leads. While nobody leads, or the primary doesn't answer, the last finding
 * stands: that is when it is needed.
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
    private @Nullable Holder holder;
    private volatile SortedMap<String, Boolean> ready = new TreeMap<>();

    /** Where catalog rows are held back for this server, and by which slot. */
    private record Holder(Upstream primary, String slot) {}

    SlotReadiness(Installation installation) {
        this.installation = installation;
    }

    /** Logical slot of this standby to whether a promotion now would lose nothing of it. */
    SortedMap<String, Boolean> ready() {
        return ready;
    }

    /** Not a standby with logical slots any more. One caller at a time, as below. */
    void forget() {
        remembered.clear();
        ready = new TreeMap<>();
    }

    /**
     * Looks at all of them, at least one; what isn't among them is forgotten. Blocks for a few
     * seconds at most.
     */
    void verify(ProcessIdentity current, List<SlotChange.Verify> slots, Connection local)
            throws SQLException {
        SlotChange.Verify any = slots.getFirst(); // all are of one turn: the primary is the same
        Holder now =
                any.primary().map(primary -> new Holder(primary, any.physical())).orElse(holder);
        if (!current.equals(server) || now == null || !now.equals(holder)) {
            forget();
        }
        server = current;
        holder = now;
        keep(slots.stream().map(SlotChange.Verify::name).toList());
        if (any.primary().isEmpty() || now == null) {
            return;
        }
        SortedMap<String, Boolean> found = new TreeMap<>();
        try (Connection primary =
                PgConnections.open(SlotCopier.target(installation, now.primary()), LIMIT)) {
            OptionalInt physical = ask(primary, now.slot());
            if (physical.isEmpty()) {
                remembered.clear();
                blameFeedback(local);
                ready.keySet().forEach(name -> found.put(name, false));
            }
            for (String name : physical.isPresent() ? ready.keySet() : Set.<String>of()) {
                OptionalInt logical = ask(primary, name);
                if (logical.isPresent()) {
                    remembered.putIfAbsent(name, logical.getAsInt());
                }
                found.put(name, safe(local, name, physical.getAsInt()));
            }
        }
        found.forEach(this::report);
        ready = Collections.unmodifiableSortedMap(found);
    }

    private void keep(Collection<String> names) {
        SortedMap<String, Boolean> kept = new TreeMap<>(ready);
        kept.keySet().retainAll(names);
        remembered.keySet().retainAll(names);
        names.forEach(name -> kept.putIfAbsent(name, false));
        ready = Collections.unmodifiableSortedMap(kept);
    }

    private boolean safe(Connection local, String name, int physical) throws SQLException {
        OptionalInt own = ask(local, name);
        Integer first = remembered.get(name);
        return first != null
                && own.isPresent()
                && notAfter(first, own.getAsInt())
                && notAfter(physical, own.getAsInt())
                && begins(local, name);
    }

    private void report(String name, boolean now) {
        boolean before = ready.getOrDefault(name, false);
        if (now && !before) {
            LOG.atInfo()
                    .addKeyValue("slot", name)
                    .log("logical slot is safe to be used after a promotion");
        } else if (before && !now) {
            LOG.atWarn()
                    .addKeyValue("slot", name)
                    .log("logical slot isn't safe to be used after a promotion any more");
        }
    }

    private static void blameFeedback(Connection local) throws SQLException {
        boolean feedback =
                PgConnections.rows(local, "SHOW hot_standby_feedback")
                        .getFirst()
                        .getFirst()
                        .equals(Optional.of("on"));
        if (!feedback) {
            LOG.atError()
                    .log(
                            "logical slots can't become safe for a promotion: hot_standby_feedback is off; switch it on");
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
