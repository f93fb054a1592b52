package io.kumki.agent.postgres;

import io.kumki.agent.config.PostgresConfig;
import io.kumki.agent.ha.StandbyTarget;
import io.kumki.agent.ha.Upstream;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * What a standby is told: whom to stream from, and where else WAL comes from.
 *
 * @param values by parameter name, for {@code postgresql.conf}
 * @param passLines lines of the pass file; empty without a password
 */
record RecoverySettings(SortedMap<String, String> values, List<String> passLines) {

    static final String CONNINFO = "primary_conninfo";
    static final String SLOT = "primary_slot_name";

    /** Until PostgreSQL 15. */
    static final String TRIGGER = "promote_trigger_file";

    /** Parameters that are written for standbys only, never as ordinary ones. */
    static final Set<String> NAMES =
            new TreeSet<>(
                    List.of(
                            CONNINFO,
                            SLOT,
                            "restore_command",
                            "archive_cleanup_command",
                            "recovery_end_command",
                            "recovery_min_apply_delay",
                            "recovery_target",
                            "recovery_target_action",
                            "recovery_target_inclusive",
                            "recovery_target_lsn",
                            "recovery_target_name",
                            "recovery_target_time",
                            "recovery_target_timeline",
                            "recovery_target_xid",
                            TRIGGER,
                            "trigger_file"));

    /** Not told to stop anywhere, whatever an included file says. */
    private static final List<String> NO_TARGET =
            List.of(
                    "recovery_target",
                    "recovery_target_lsn",
                    "recovery_target_name",
                    "recovery_target_time",
                    "recovery_target_xid");

    private static final Map<String, String> OLD_NAMES = Map.of("trigger_file", TRIGGER);

    RecoverySettings {
        values = java.util.Collections.unmodifiableSortedMap(new TreeMap<>(values));
        passLines = List.copyOf(passLines);
    }

    /**
     * @param before settings in the generated file now: where the target names nobody, its upstream
     *     stays
     */
    static RecoverySettings of(
            StandbyTarget target,
            PostgresConfig config,
            int major,
            SortedMap<String, String> before) {
        SortedMap<String, String> values = new TreeMap<>();
        config.recoveryConf()
                .forEach((name, value) -> {
                    if (!name.startsWith("recovery_target")
                            && !name.equals(CONNINFO)
                            && !name.equals(SLOT)
                            && !name.equals("standby_mode")) {
                        values.put(OLD_NAMES.getOrDefault(name, name), value);
                    }
                });
        if (major >= 16) {
            values.remove(TRIGGER);
        }
        values.put("recovery_target_timeline", "latest");
        NO_TARGET.forEach(name -> values.put(name, ""));
        target.archive().ifPresent(archive -> putArchive(values, archive));
        if (target.upstream().isPresent()) {
            Upstream upstream = target.upstream().get();
            values.put(CONNINFO, conninfo(upstream, config, major).text());
            upstream.slot().ifPresent(slot -> values.put(SLOT, slot));
            return new RecoverySettings(
                    values, PgPass.lines(upstream.host(), upstream.port(), config.replication()));
        }
        boolean last = target.source() == StandbyTarget.Source.LAST;
        for (String name : last ? List.of(CONNINFO, SLOT) : List.<String>of()) {
            if (!before.getOrDefault(name, "").isEmpty()) {
                values.put(name, before.get(name));
            }
        }
        return new RecoverySettings(values, List.of());
    }

    /**
     * For a restored backup that leaves recovery at its target.
     *
     * @param configured {@code recovery_conf} of a bootstrap method; names of before PostgreSQL 12
     *     are understood
     */
    static SortedMap<String, String> ofBackup(Map<?, ?> configured, int major) {
        SortedMap<String, String> values = new TreeMap<>();
        configured.forEach((key, value) -> {
            String name = String.valueOf(key);
            if (name.equals("pause_at_recovery_target")) {
                values.put(
                        "recovery_target_action",
                        "true".equals(String.valueOf(value)) ? "pause" : "promote");
            } else if (value != null && !name.equals("standby_mode")) {
                values.put(OLD_NAMES.getOrDefault(name, name), value.toString());
            }
        });
        if (major >= 16) {
            values.remove(TRIGGER);
        }
        values.putIfAbsent("recovery_target_action", "promote");
        return values;
    }

    private static void putArchive(
            SortedMap<String, String> values, StandbyTarget.Archive archive) {
        archive.restoreCommand().ifPresent(text -> values.put("restore_command", text));
        archive.archiveCleanupCommand()
                .ifPresent(text -> values.put("archive_cleanup_command", text));
        archive.recoveryMinApplyDelay()
                .ifPresent(
                        delay -> values.put("recovery_min_apply_delay", delay.toMillis() + "ms"));
    }

    static ConnInfo conninfo(Upstream upstream, PostgresConfig config, int major) {
        ConnInfo info =
                ConnInfo.to(
                                upstream.host(),
                                upstream.port(),
                                upstream.database().isEmpty()
                                        ? config.listen().database()
                                        : upstream.database(),
                                config.replication())
                        .withDefault("sslmode", "prefer")
                        .withDefault("gssencmode", "prefer")
                        .withDefault("channel_binding", "prefer")
                        .withDefault("sslnegotiation", "postgres")
                        .with("application_name", config.memberName());
        if (config.replication().password().isPresent()) {
            info = info.with("passfile", config.files().pgpass().toString());
        }
        Optional<String> kerberos = config.sockets().krbsrvname();
        if (kerberos.isPresent()) {
            info = info.with("krbsrvname", kerberos.get());
        }
        if (upstream.host().contains(",") && upstream.slot().isPresent()) {
            info = info.with("target_session_attrs", "read-write");
        }
        return info.forMajor(major);
    }
}
