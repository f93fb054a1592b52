package io.kumki.agent.postgres;

import io.kumki.agent.config.PostgresConfig;
import io.kumki.agent.config.PostgresConfig.Credentials;
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
 * <p>JDBC has no unix sockets without a further library, so own queries go by TCP even if {@code
 * use_unix_socket} is set; that setting counts for the programs we call. The server must accept the
 * configured users from its local address.
 */
public final class PgConnections {

    /** A server that doesn't let us in by then counts as not answering. */
    private static final Duration CONNECT = Duration.ofSeconds(3);

    /** pgjdbc's names for libpq's options; options missing here are unknown to pgjdbc. */
    private static final Map<String, String> JDBC_NAMES =
            Map.ofEntries(
                    Map.entry("sslmode", "sslmode"),
                    Map.entry("sslcert", "sslcert"),
                    Map.entry("sslkey", "sslkey"),
                    Map.entry("sslpassword", "sslpassword"),
                    Map.entry("sslrootcert", "sslrootcert"),
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
            boolean writableOnly) {

        public static Target of(
                String hosts, int port, String database, Credentials credentials, String purpose) {
            return new Target(hosts, port, database, credentials, "Kumki " + purpose, false);
        }

        /** The local server as its superuser. */
        public static Target local(PostgresConfig config, String purpose) {
            return of(
                    localHost(config.listen().addresses()),
                    config.listen().port(),
                    config.listen().database(),
                    config.superuser(),
                    purpose);
        }

        public Target writable() {
            return new Target(hosts, port, database, credentials, applicationName, true);
        }

        public Target to(String otherDatabase) {
            return new Target(
                    hosts, port, otherDatabase, credentials, applicationName, writableOnly);
        }
    }

    /** The host at which a server with these {@code listen_addresses} answers locally. */
    public static String localHost(String listenAddresses) {
        List<String> addresses =
                Arrays.stream(listenAddresses.split(",", -1)).map(String::strip).toList();
        boolean everywhere =
                addresses.stream()
                        .anyMatch(address ->
                                address.equals("*")
                                        || address.equals("localhost")
                                        || address.equals("0.0.0.0")
                                        || address.equals("127.0.0.1"));
        String first = addresses.getFirst();
        return everywhere || first.isEmpty() ? "localhost" : first;
    }

    /**
     * A connection whose statements end after {@code statementLimit}.
     *
     * @param statementLimit zero: no limit (CHECKPOINT, advancing slots)
     */
    public static Connection open(Target target, Duration statementLimit) throws SQLException {
        Properties properties = properties(target, statementLimit);
        properties.setProperty(
                "options",
                "-c statement_timeout="
                        + statementLimit.toMillis()
                        + " -c search_path=pg_catalog -c synchronous_commit=local"
                        + " -c pg_stat_statements.track=none");
        return connect(target, properties);
    }

    /** A connection that also takes replication commands ({@code IDENTIFY_SYSTEM}, …). */
    public static Connection openReplication(Target target, Duration limit) throws SQLException {
        Properties properties = properties(target, limit);
        properties.setProperty("replication", "database");
        properties.setProperty("preferQueryMode", "simple");
        properties.setProperty("assumeMinServerVersion", "12");
        return connect(target, properties);
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
        String hosts =
                Arrays.stream(target.hosts().split(",", -1))
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
