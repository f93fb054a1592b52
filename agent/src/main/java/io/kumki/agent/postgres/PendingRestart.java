package io.kumki.agent.postgres;

import io.kumki.dcs.cluster.ParameterChange;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.Optional;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.function.Function;

/** Which parameters of the running server take their configured value only with a restart. */
final class PendingRestart {

    /** Set per role or by ourselves: their difference is no reason to restart. */
    private static final Set<String> NOT_COMPARED = Set.of("hot_standby", "config_file");

    /** What a value is called that can't be found out. */
    private static final String UNKNOWN = "?";

    private static final long PAGE = 8192;

    private static final String SETTINGS =
            "SELECT name, setting, coalesce(unit, '') AS unit, vartype, pending_restart"
                    + " FROM pg_settings WHERE context = 'postmaster'";

    private static final String SEGMENT =
            "SELECT setting::bigint * CASE unit WHEN '8kB' THEN 8192 ELSE 1 END"
                    + " FROM pg_settings WHERE name = 'wal_segment_size'";

    private PendingRestart() {}

    /**
     * Compares what the server runs with, with what a restart would give it.
     *
     * <p>What we pass on the command line is compared by us, as nothing in a file can change it.
     * For all others the server itself knows whether its files say something else, also when a
     * parameter was taken out of them or {@code ALTER SYSTEM} has the last word.
     *
     * @param next what a server that starts now would take of a name, in its base unit; empty if
     *     that can't be found out
     */
    static SortedMap<String, ParameterChange> compute(
            Connection connection,
            SortedMap<String, String> wanted,
            Function<String, Optional<String>> next)
            throws SQLException {
        SortedMap<String, ParameterChange> pending = new TreeMap<>();
        try (Statement statement = connection.createStatement();
                ResultSet row = statement.executeQuery(SETTINGS)) {
            while (row.next()) {
                String name = row.getString("name");
                if (NOT_COMPARED.contains(name) || RecoverySettings.NAMES.contains(name)) {
                    continue;
                }
                String target;
                if (ServerParameters.onCommandLine(name) && wanted.containsKey(name)) {
                    target = wanted.get(name);
                } else if (row.getBoolean("pending_restart")) {
                    target = next.apply(name).orElse(UNKNOWN);
                } else {
                    continue;
                }
                if (name.equals("wal_buffers") && target.equals("-1")) {
                    target = automaticWalBuffers(connection, next);
                }
                String unit = row.getString("unit");
                String now = row.getString("setting");
                if (!SettingValue.same(now, target, row.getString("vartype"), unit)) {
                    pending.put(
                            name,
                            new ParameterChange(
                                    SettingValue.shown(now, unit),
                                    SettingValue.shown(target, unit)));
                }
            }
        }
        return pending;
    }

    /** In pages: a 32nd of {@code shared_buffers}, at least 8, at most a segment. */
    private static String automaticWalBuffers(
            Connection connection, Function<String, Optional<String>> next) throws SQLException {
        Optional<String> shared = next.apply("shared_buffers").filter(text -> text.matches("\\d+"));
        if (shared.isEmpty()) {
            return UNKNOWN;
        }
        long segment =
                PgConnections.rows(connection, SEGMENT).getFirst().getFirst().stream()
                        .mapToLong(Long::parseLong)
                        .sum();
        long pages = Math.clamp(Long.parseLong(shared.get()) / 32, 8, segment / PAGE);
        return Long.toString(pages);
    }
}
