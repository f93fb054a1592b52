package io.kumki.agent.postgres;

import io.kumki.agent.config.PostgresConfig.Credentials;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.List;

/**
 * Creates the roles of a new cluster. The statements hold passwords, so logging, statistics and
 * auditing are silenced in the session, and no commit waits for a standby.
 */
final class RoleSql {

    private static final List<String> SILENT =
            List.of(
                    "SET log_statement = none",
                    "SET log_min_duration_statement = -1",
                    "SET log_min_error_statement = panic",
                    "SET log_duration = off",
                    "SET pg_stat_statements.track_utility = off",
                    "SET pgaudit.log = none",
                    "SET synchronous_commit = local");

    /** What pg_rewind reads through a plain role. */
    private static final List<String> REWIND_FUNCTIONS =
            List.of(
                    "pg_ls_dir(text, boolean, boolean)",
                    "pg_stat_file(text, boolean)",
                    "pg_read_binary_file(text)",
                    "pg_read_binary_file(text, bigint, bigint, boolean)");

    private RoleSql() {}

    static void silence(Connection connection) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            for (String setting : SILENT) {
                statement.execute(setting);
            }
        }
    }

    /**
     * Creates the role or changes it to these options; a role without configured name is left out.
     *
     * @param options such as {@code SUPERUSER}
     */
    static void ensure(Connection connection, Credentials role, String options)
            throws SQLException {
        if (role.username().isEmpty()) {
            return;
        }
        String name = role.username().get();
        String password = role.password().map(text -> " PASSWORD " + literal(text)).orElse("");
        String verb = exists(connection, name) ? "ALTER" : "CREATE";
        execute(
                connection,
                verb + " ROLE " + identifier(name) + " WITH LOGIN " + options + password);
    }

    static void grantRewind(Connection connection, String role) throws SQLException {
        for (String function : REWIND_FUNCTIONS) {
            execute(
                    connection,
                    "GRANT EXECUTE ON FUNCTION pg_catalog." + function + " TO " + identifier(role));
        }
    }

    private static boolean exists(Connection connection, String name) throws SQLException {
        try (PreparedStatement statement =
                connection.prepareStatement("SELECT FROM pg_roles WHERE rolname = ?")) {
            statement.setString(1, name);
            try (ResultSet row = statement.executeQuery()) {
                return row.next();
            }
        }
    }

    private static void execute(Connection connection, String sql) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            statement.setEscapeProcessing(false);
            statement.execute(sql);
        }
    }

    static String identifier(String name) {
        return '"' + name.replace("\"", "\"\"") + '"';
    }

    static String literal(String text) {
        String quoted = "'" + text.replace("'", "''").replace("\\", "\\\\") + "'";
        return text.contains("\\") ? " E" + quoted : quoted;
    }
}
