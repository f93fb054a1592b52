package io.kumki.agent.postgres;

import io.kumki.dcs.cluster.ParameterChange;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;

/** Which parameters of the running server take their configured value only with a restart. */
final class PendingRestart {

    /** Set per role or by ourselves: their difference is no reason to restart. */
    private static final Set<String> NOT_COMPARED = Set.of("hot_standby", "config_file");

    private static final String SETTINGS =
            "SELECT name, setting, coalesce(unit, '') AS unit, vartype, pending_restart,"
                    + " coalesce(reset_val, '') AS reset_val, coalesce(boot_val, '') AS boot_val, source"
                    + " FROM pg_settings WHERE context = 'postmaster'";

    private PendingRestart() {}

    /**
     * Compares what the server runs with, with what is wanted. The ones on the command line must be
     * compared by us: for them the server itself sees no difference.
     */
    static SortedMap<String, ParameterChange> compute(
            Connection connection, SortedMap<String, String> wanted) throws SQLException {
        SortedMap<String, ParameterChange> pending = new TreeMap<>();
        try (Statement statement = connection.createStatement();
                ResultSet row = statement.executeQuery(SETTINGS)) {
            while (row.next()) {
                String name = row.getString("name");
                if (NOT_COMPARED.contains(name) || RecoverySettings.NAMES.contains(name)) {
                    continue;
                }
                String unit = row.getString("unit");
                String now = row.getString("setting");
                boolean known = wanted.containsKey(name);
                String target = wanted.getOrDefault(name, row.getString("boot_val"));
                boolean differs =
                        known
                                ? !SettingValue.same(now, target, row.getString("vartype"), unit)
                                : row.getBoolean("pending_restart");
                if (differs && !automatic(name, target)) {
                    pending.put(
                            name,
                            new ParameterChange(
                                    SettingValue.shown(now, unit),
                                    known ? SettingValue.shown(target, unit) : "?"));
                }
            }
        }
        return pending;
    }

    /** The server computes these itself when asked to by -1; what it shows is the result. */
    private static boolean automatic(String name, String target) {
        return target.strip().equals("-1")
                && (name.equals("wal_buffers") || name.endsWith("_buffers"));
    }
}
