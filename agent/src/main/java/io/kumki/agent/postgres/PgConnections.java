package io.kumki.agent.postgres;

import io.kumki.agent.config.PostgresConfig;
import io.kumki.agent.config.PostgresConfig.Credentials;
import io.kumki.agent.postgres.socket.LibpqTls;
import io.kumki.agent.postgres.socket.UnixSocketFactory;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Properties;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Opens JDBC connections with the settings that each of ours must have: short time-outs, an
 * unspoofable search path, no waiting for standbys. Calls block: use a virtual thread.
 *
 * <p>A host that is a path is the directory of a unix socket, as in libpq; TLS isn't used there.
 */
public final class PgConnections {

    /** A server that doesn't let us in by then counts as not answering. */
    private static final Duration CONNECT = Duration.ofSeconds(3);

    private static final Duration LONGEST = Duration.ofDays(1);

    /** pgjdbc's names for libpq's options; options missing here are unknown to pgjdbc. */
    private static final Map<String, String> JDBC_NAMES =
            Map.ofEntries(
                    Map.entry("sslmode", "sslmode"),
                    Map.entry("sslcert", "sslcert"),
                    Map.entry("sslkey", "sslkey"),
                    Map.entry("sslpassword", "sslpassword"),
                    Map.entry("sslrootcert", "sslrootcert"),
                    Map.entry("sslcrl", LibpqTls.CRL),
                    Map.entry("sslcrldir", LibpqTls.CRL_DIRECTORY),
                    Map.entry("sslnegotiation", "sslNegotiation"),
                    Map.entry("gssencmode", "gssEncMode"),
                    Map.entry("channel_binding", "channelBinding"));

    private static final Logger LOG = LoggerFactory.getLogger(PgConnections.class);

    private PgConnections() {}

    /**
     * Where and as whom.
     *
     * @param hosts one host, or several with commas between
     * @param writableOnly of several hosts take the one that accepts writes
     */
    public record Target(
            String hosts,
            int port,
            String database,
            Credentials credentials,
            String applicationName,
            boolean writableOnly,
            Optional<String> kerberosService) {

        public static Target of(
                String hosts, int port, String database, Credentials credentials, String purpose) {
            return new Target(
                    hosts,
                    port,
                    database,
                    credentials,
                    "Kumki " + purpose,
                    false,
                    Optional.empty());
        }

        /** The local server as its superuser. */
        public static Target local(PostgresConfig config, String purpose) {
            return local(config, LocalAddress.ofSuperuser(config), config.superuser(), purpose);
        }

        /** The local server as the role that replicates. */
        public static Target localReplication(PostgresConfig config, String purpose) {
            return local(config, LocalAddress.ofReplication(config), config.replication(), purpose);
        }

        private static Target local(
                PostgresConfig config, LocalAddress at, Credentials role, String purpose) {
            return of(at.host(), at.port(), config.listen().database(), role, purpose)
                    .withKerberos(config.sockets().krbsrvname());
        }

        public Target writable() {
            return new Target(
                    hosts, port, database, credentials, applicationName, true, kerberosService);
        }

        public Target to(String otherDatabase) {
            return new Target(
                    hosts,
                    port,
                    otherDatabase,
                    credentials,
                    applicationName,
                    writableOnly,
                    kerberosService);
        }

        /** With that name of the server's Kerberos service. */
        public Target withKerberos(Optional<String> service) {
            return new Target(
                    hosts, port, database, credentials, applicationName, writableOnly, service);
        }

        private boolean socket() {
            return hosts.startsWith("/");
        }
    }

    /**
     * A connection whose statements end after {@code statementLimit}.
     *
     * @param statementLimit zero: no limit (CHECKPOINT, advancing slots)
     */
    public static Connection open(Target target, Duration statementLimit) throws SQLException {
        Duration limit = bounded(statementLimit);
        Properties properties = properties(target, limit);
        properties.setProperty(
                "options",
                "-c statement_timeout="
                        + limit.toMillis()
                        + " -c search_path=pg_catalog -c synchronous_commit=local"
                        + " -c pg_stat_statements.track=none");
        return connect(target, properties);
    }

    /**
     * A connection that takes replication commands ({@code IDENTIFY_SYSTEM}, …) and no SQL: {@code
     * pg_hba.conf} lets it in by the word {@code replication}, as it does a standby.
     */
    public static Connection openReplication(Target target, Duration limit) throws SQLException {
        Properties properties = properties(target, bounded(limit));
        properties.setProperty("replication", "true");
        properties.setProperty("preferQueryMode", "simple");
        properties.setProperty("assumeMinServerVersion", "12");
        return connect(target, properties);
    }

    /** Server and driver count milliseconds in 31 bits. */
    private static Duration bounded(Duration limit) {
        return limit.compareTo(LONGEST) > 0 ? LONGEST : limit;
    }

    private static Properties properties(Target target, Duration limit) {
        Properties properties = new Properties();
        target.credentials().username().ifPresent(user -> properties.setProperty("user", user));
        target.credentials().password().ifPresent(text -> properties.setProperty("password", text));
        target.credentials()
                .options()
                .forEach((name, value) -> {
                    String jdbcName = JDBC_NAMES.get(name);
                    if (jdbcName != null) {
                        properties.setProperty(jdbcName, value);
                    }
                });
        if (target.socket()) {
            properties.setProperty("socketFactory", UnixSocketFactory.class.getName());
            properties.setProperty(
                    "socketFactoryArg", target.hosts() + "/.s.PGSQL." + target.port());
            properties.setProperty("sslmode", "disable");
            properties.setProperty("gssEncMode", "disable");
            properties.remove("sslNegotiation");
        } else {
            properties.setProperty("sslfactory", LibpqTls.class.getName());
        }
        target.kerberosService()
                .ifPresent(name -> properties.setProperty("kerberosServerName", name));
        String seconds = Long.toString(CONNECT.toSeconds());
        properties.setProperty("connectTimeout", seconds);
        properties.setProperty("loginTimeout", seconds);
        // the server ends the statement itself; the socket's limit is for a server that is gone
        properties.setProperty(
                "socketTimeout", limit.isZero() ? "0" : Long.toString(limit.toSeconds() + 1));
        properties.setProperty("tcpKeepAlive", "true");
        properties.setProperty("ApplicationName", target.applicationName());
        if (target.writableOnly()) {
            properties.setProperty("targetServerType", "primary");
        }
        return properties;
    }

    private static Connection connect(Target target, Properties properties) throws SQLException {
        // by a unix socket the name doesn't count, but a URL has one
        String names = target.socket() ? "localhost" : target.hosts();
        String hosts =
                Arrays.stream(names.split(",", -1))
                        .map(host ->
                                (host.contains(":") ? "[" + host + "]" : host)
                                        + ":"
                                        + target.port())
                        .collect(Collectors.joining(","));
        String database = URLEncoder.encode(target.database(), StandardCharsets.UTF_8);
        return DriverManager.getConnection(
                "jdbc:postgresql://" + hosts + "/" + database, properties);
    }

    /**
     * Runs one statement of the replication protocol (or any other) and returns its rows as text,
     * nulls as empty.
     */
    public static List<List<Optional<String>>> rows(Connection connection, String sql)
            throws SQLException {
        try (Statement statement = connection.createStatement();
                ResultSet result = statement.executeQuery(sql)) {
            int columns = result.getMetaData().getColumnCount();
            List<List<Optional<String>>> rows = new ArrayList<>();
            while (result.next()) {
                List<Optional<String>> row = new ArrayList<>();
                for (int i = 1; i <= columns; i++) {
                    row.add(Optional.ofNullable(result.getString(i)));
                }
                rows.add(List.copyOf(row));
            }
            return List.copyOf(rows);
        }
    }

    /** Closes a connection that may be broken already; nothing can be lost by that. */
    public static void closeQuietly(@Nullable Connection connection) {
        if (connection == null) {
            return;
        }
        try {
            connection.close();
        } catch (SQLException e) {
            LOG.atDebug().addKeyValue("error", e.getMessage()).log("connection was broken already");
        }
    }
}
