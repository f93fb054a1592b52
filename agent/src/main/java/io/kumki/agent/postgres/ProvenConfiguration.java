package io.kumki.agent.postgres;

import io.kumki.dcs.cluster.ParameterChange;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.Set;
import java.util.SortedMap;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The configuration of the last start that succeeded, for a server that doesn't start with what was
 * changed since: {@code postgres -C} accepts a library that isn't there, {@code ssl} without a
 * certificate, more memory than the machine has, fewer slots than exist, no {@code
 * wal_level=logical} for logical ones, a broken {@code pg_hba.conf}. A value in etcd must not keep
 * all servers of a cluster down.
 *
 * @param parameters to start with
 * @param accessRules content of {@code pg_hba.conf} to start with, if that was changed too
 * @param changes what is different from what is wanted
 */
record ProvenConfiguration(
        SortedMap<String, String> parameters,
        Optional<String> accessRules,
        SortedMap<String, ParameterChange> changes) {

    private static final Logger LOG = LoggerFactory.getLogger(ProvenConfiguration.class);

    /** Where the server is and what it is called is no matter of taste; names are set elsewhere. */
    private static final Set<String> AS_WANTED =
            Set.of(
                    "listen_addresses",
                    "port",
                    "cluster_name",
                    "unix_socket_directories",
                    "hba_file",
                    "ident_file",
                    "hot_standby",
                    "synchronous_standby_names");

    /**
     * @param failed the parameters of the start that failed
     * @param standby then what the control file has a minimum for stays as wanted: a standby must
     *     have as much as its primary
     * @return empty if nothing was changed since the last start that succeeded
     */
    static Optional<ProvenConfiguration> insteadOf(
            SortedMap<String, String> failed, Installation installation, boolean standby) {
        Path dataDir = installation.dataDir();
        SortedMap<String, String> last =
                GeneratedConf.read(
                        dataDir.resolve(
                                installation.config().files().configBaseName() + ".conf.backup"));
        if (last.isEmpty()) {
            return Optional.empty();
        }
        last.keySet().removeAll(RecoverySettings.NAMES);
        SortedMap<String, String> parameters = new TreeMap<>(failed);
        SortedMap<String, ParameterChange> changes = new TreeMap<>();
        SortedSet<String> names = new TreeSet<>(failed.keySet());
        names.addAll(last.keySet());
        for (String name : names) {
            String before = last.get(name);
            String wanted = failed.get(name);
            boolean kept =
                    AS_WANTED.contains(name)
                            || standby && ServerParameters.mustNotShrink(name)
                            // less than before is refused where logical slots are, never more
                            || name.equals("wal_level") && !"logical".equals(before);
            if (kept || before != null && before.equals(wanted)) {
                continue;
            }
            if (before == null) {
                parameters.remove(name);
            } else {
                parameters.put(name, before);
            }
            changes.put(
                    name,
                    new ParameterChange(
                            before == null ? "" : before, wanted == null ? "" : wanted));
        }
        Optional<String> rules = accessRules(installation, failed);
        return changes.isEmpty() && rules.isEmpty()
                ? Optional.empty()
                : Optional.of(new ProvenConfiguration(parameters, rules, changes));
    }

    private static Optional<String> accessRules(
            Installation installation, SortedMap<String, String> failed) {
        if (installation.config().pgHba().isEmpty() || failed.containsKey("hba_file")) {
            return Optional.empty();
        }
        try {
            Path file = installation.inConfigDir("pg_hba.conf");
            Path copy = installation.dataDir().resolve("pg_hba.conf.backup");
            if (!Files.exists(copy)) {
                return Optional.empty();
            }
            ClientGate gate = new ClientGate(installation);
            String open = ForeignText.read(copy);
            String before = gate.closed() ? gate.narrowed(open.lines().toList()) : open;
            return before.equals(ForeignText.read(file)) ? Optional.empty() : Optional.of(before);
        } catch (IOException e) {
            LOG.atWarn()
                    .addKeyValue("error", e.toString())
                    .log("the access rules of the last start can't be read");
            return Optional.empty();
        }
    }

    /** The names and wanted values that were left out, for people. */
    String described() {
        String parameters =
                changes.entrySet().stream()
                        .map(change ->
                                change.getKey()
                                        + (change.getValue().newValue().isEmpty()
                                                ? " (removed)"
                                                : "=" + change.getValue().newValue()))
                        .collect(Collectors.joining(", "));
        return accessRules.isEmpty()
                ? parameters
                : (parameters.isEmpty() ? "" : parameters + ", ") + "pg_hba";
    }

    /** One sentence for {@code /patroni} and the log. */
    String problem() {
        return "the server doesn't start with "
                + described()
                + ": it runs with the configuration of its last start; correct what its log"
                + " complains of (kumkictl edit-config), then restart it";
    }
}
