package io.kumki.agent.postgres;

import io.kumki.agent.config.PostgresConfig;
import io.kumki.dcs.cluster.ParameterChange;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;

/** Which parameters the server gets, in its file and on its command line. */
final class ServerParameters {

    /**
     * Controlled by the cluster: also passed on the command line, so that {@code ALTER SYSTEM}
     * can't win. With the value used if the configuration has none.
     */
    private static final SortedMap<String, String> CONTROLLED =
            new TreeMap<>(
                    Map.of(
                            "wal_level", "replica",
                            "hot_standby", "on",
                            "max_connections", "100",
                            "max_wal_senders", "10",
                            "max_prepared_transactions", "0",
                            "max_locks_per_transaction", "64",
                            "max_replication_slots", "10",
                            "max_worker_processes", "8",
                            "track_commit_timestamp", "off",
                            "wal_log_hints", "on"));

    /**
     * Must not be smaller on a standby than they were on its primary; label in the control file.
     */
    private static final Map<String, String> MUST_NOT_SHRINK =
            Map.of(
                    "max_connections", "max_connections setting",
                    "max_prepared_transactions", "max_prepared_xacts setting",
                    "max_locks_per_transaction", "max_locks_per_xact setting",
                    "max_worker_processes", "max_worker_processes setting",
                    "max_wal_senders", "max_wal_senders setting");

    private ServerParameters() {}

    /** All parameters for that major version, without recovery parameters. */
    static SortedMap<String, String> wanted(PostgresConfig config, int major) {
        SortedMap<String, String> wanted = new TreeMap<>(CONTROLLED);
        wanted.putAll(config.parameters());
        wanted.keySet().removeAll(RecoverySettings.NAMES);
        if ("hot_standby".equals(wanted.get("wal_level"))) {
            wanted.put("wal_level", "replica");
        }
        keepWal(wanted, major);
        wanted.put("listen_addresses", config.listen().addresses());
        wanted.put("port", Integer.toString(config.listen().port()));
        wanted.put("cluster_name", config.clusterName());
        return wanted;
    }

    /** {@code wal_keep_segments} until 12, {@code wal_keep_size} from 13: 16 MB a segment. */
    private static void keepWal(SortedMap<String, String> wanted, int major) {
        String size = wanted.remove("wal_keep_size");
        String segments = wanted.remove("wal_keep_segments");
        if (major >= 13) {
            String fromSegments =
                    segments != null && segments.matches("\\d{1,7}")
                            ? Long.parseLong(segments) * 16 + "MB"
                            : "128MB";
            wanted.put("wal_keep_size", size != null ? size : fromSegments);
        } else {
            wanted.put("wal_keep_segments", segments != null ? segments : "8");
        }
    }

    /**
     * For a start as a standby: raises what the control file shows as larger.
     *
     * @return what is different from the configuration thereby, and so waits for a restart
     */
    static SortedMap<String, ParameterChange> raiseForStandby(
            SortedMap<String, String> wanted, Optional<ControlFile> control) {
        SortedMap<String, ParameterChange> raised = new TreeMap<>();
        if (control.isEmpty()) {
            return raised;
        }
        MUST_NOT_SHRINK.forEach((name, label) -> {
            long needed = control.get().number(label);
            String configured = wanted.getOrDefault(name, "0");
            if (configured.matches("\\d{1,9}") && Long.parseLong(configured) < needed) {
                wanted.put(name, Long.toString(needed));
                raised.put(name, new ParameterChange(Long.toString(needed), configured));
            }
        });
        return raised;
    }

    /** Arguments of {@code postgres} for the controlled ones. */
    static List<String> commandLine(SortedMap<String, String> effective) {
        List<String> arguments = new ArrayList<>();
        for (String name : effective.keySet()) {
            if (onCommandLine(name)) {
                arguments.add("--" + name + "=" + effective.get(name));
            }
        }
        return arguments;
    }

    /** Whether a standby refuses to start with less than the control file has. */
    static boolean mustNotShrink(String name) {
        return MUST_NOT_SHRINK.containsKey(name);
    }

    static boolean onCommandLine(String name) {
        return CONTROLLED.containsKey(name)
                || name.equals("listen_addresses")
                || name.equals("port")
                || name.equals("cluster_name");
    }
}
