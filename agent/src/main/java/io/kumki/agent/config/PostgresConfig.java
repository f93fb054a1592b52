package io.kumki.agent.config;

import java.nio.file.Path;
import java.time.Duration;
import java.util.Collections;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * The effective {@code postgresql} section: defaults, under the dynamic configuration, under local
 * file and environment. See the wire contract for each key; sets of parameters are by lower-case
 * name.
 *
 * @param clusterName scope: PostgreSQL's {@code cluster_name}
 * @param memberName this member: {@code application_name} of its standby, base of its slot's name
 * @param parameters all server parameters to be written, the ones controlled by the cluster
 *     included (already validated, but not yet adapted to the server's major version), without
 *     {@code listen_addresses}, {@code port} and {@code cluster_name}
 * @param recoveryConf recovery parameters for standbys
 * @param createReplicaMethods names in order, {@code basebackup} if none is configured
 * @param replicaMethods options of each replica method by its name; {@code basebackup}'s as
 *     configured (map or list)
 */
public record PostgresConfig(
        String clusterName,
        String memberName,
        Listen listen,
        Files files,
        Credentials superuser,
        Credentials replication,
        Credentials rewind,
        SortedMap<String, String> parameters,
        List<String> pgHba,
        List<String> pgIdent,
        SortedMap<String, String> recoveryConf,
        boolean useSlots,
        Rejoin rejoin,
        List<String> createReplicaMethods,
        SortedMap<String, Object> replicaMethods,
        Scripts scripts,
        Duration pgCtlTimeout,
        Sockets sockets) {

    public PostgresConfig {
        parameters = Collections.unmodifiableSortedMap(new TreeMap<>(parameters));
        recoveryConf = Collections.unmodifiableSortedMap(new TreeMap<>(recoveryConf));
        replicaMethods = Collections.unmodifiableSortedMap(new TreeMap<>(replicaMethods));
        pgHba = List.copyOf(pgHba);
        pgIdent = List.copyOf(pgIdent);
        createReplicaMethods = List.copyOf(createReplicaMethods);
    }

    /**
     * Whether one of the replica methods has {@code no_leader}: it needs no server to copy from.
     */
    public boolean clonesWithoutSource() {
        for (String name : createReplicaMethods) {
            if (!name.equals("basebackup")
                    && replicaMethods.get(name) instanceof Map<?, ?> options
                    && truth(options, "no_leader")) {
                return true;
            }
        }
        return false;
    }

    /** What counts as yes in the options of a replica method. */
    public static boolean truth(Map<?, ?> options, String name) {
        Object value = options.get(name);
        return value != null
                && List.of("true", "yes", "on", "1")
                        .contains(value.toString().toLowerCase(Locale.ROOT));
    }

    /**
     * @param addresses value of {@code listen_addresses}
     * @param connectHost host that others reach this server at, without brackets
     * @param proxyAddress {@code HOST:PORT} published for clients that should use a proxy
     * @param database maintenance database, {@code postgres} by default
     */
    public record Listen(
            String addresses,
            int port,
            String connectHost,
            int connectPort,
            Optional<String> proxyAddress,
            String database) {}

    /**
     * @param configDir where {@code postgresql.conf} is; the data directory by default
     * @param binDir where the programs are; empty: the {@code PATH}
     * @param binNames program name to the name to be used in its place
     * @param configBaseName {@code postgresql} by default
     * @param customConf included in place of the base file
     * @param pgpass password file, rewritten before use
     */
    public record Files(
            Path dataDir,
            Path configDir,
            Optional<Path> binDir,
            Map<String, String> binNames,
            String configBaseName,
            Optional<String> customConf,
            Path pgpass) {}

    /**
     * A database role and how to connect as it.
     *
     * @param options TLS and other connection options by libpq's names ({@code sslmode}, {@code
     *     sslcert}, …)
     */
    public record Credentials(
            Optional<String> username,
            Optional<String> password,
            SortedMap<String, String> options) {

        @Override
        public String toString() {
            return "Credentials[username=" + username.orElse("") + ", password=***]";
        }
    }

    /** How far a member that should follow may go to come back by itself. */
    public record Rejoin(
            boolean usePgRewind,
            boolean removeDataDirectoryOnRewindFailure,
            boolean removeDataDirectoryOnDivergedTimelines) {}

    /**
     * @param callbacks callback name ({@code on_start}, …) to command
     */
    public record Scripts(
            SortedMap<String, String> callbacks,
            Optional<String> prePromote,
            Optional<String> beforeStop) {}

    /** Whether own connections go through a unix socket, for the superuser and for replication. */
    public record Sockets(boolean superuser, boolean replication, Optional<String> krbsrvname) {}
}
