package io.kumki.agent.postgres.parameters;

import static org.assertj.core.api.Assertions.assertThat;

import io.kumki.agent.config.PostgresConfig;
import io.kumki.agent.postgres.PgPrograms;
import io.kumki.agent.postgres.parameters.ParameterRules.Adapted;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;

/** Asks a real server. */
class ParameterCheckIT {

    private static final Path BIN = newestBin();

    @Test
    void findsNothingWrongWithWhatTheServerTakes() {
        SortedMap<String, String> fine =
                new TreeMap<>(
                        Map.of(
                                "work_mem", "64MB",
                                "wal_level", "replica",
                                "my.setting", "it's \\ fine",
                                "listen_addresses", "127.0.0.1,::1",
                                "zero_damaged_pages", "off",
                                "autovacuum_vacuum_cost_delay", "2ms",
                                "archive_command", "cp %p '/x y/%f'"));

        Adapted adapted = check(BIN).adapt(fine);

        assertThat(adapted.warnings()).isEmpty();
        assertThat(adapted.parameters()).isEqualTo(fine);
    }

    @Test
    void correctsEverythingElse() {
        Adapted adapted =
                check(BIN)
                        .adapt(
                                new TreeMap<>(
                                        Map.of(
                                                "work_mem", "1kB",
                                                "checkpoint_timeout", "10d",
                                                "fsync", "maybe",
                                                "wal_level", "loud",
                                                "no_such_thing", "1",
                                                "data_checksums", "on",
                                                "log_destination", "nowhere",
                                                "bad name", "1",
                                                "max_connections", "50",
                                                "timezone", "Mars/Olympus")));

        assertThat(adapted.parameters())
                .isEqualTo(
                        Map.of(
                                "work_mem", "64",
                                "checkpoint_timeout", "86400",
                                "max_connections", "50"));
        assertThat(adapted.warnings()).hasSize(9);
        assertThat(check(BIN).adapt(adapted.parameters()).warnings()).isEmpty();
    }

    /** With such a library every session would end before it begins. */
    @Test
    void leavesOutLibrariesOfSessionsThatAreNotThere() {
        Adapted adapted =
                check(BIN)
                        .adapt(
                                new TreeMap<>(
                                        Map.of(
                                                "session_preload_libraries",
                                                "auto_explain, no_such, \"$libdir/plpgsql\"",
                                                "local_preload_libraries",
                                                "auto_explain",
                                                "shared_preload_libraries",
                                                "no_such_either")));

        assertThat(adapted.parameters())
                .containsEntry("session_preload_libraries", "auto_explain,$libdir/plpgsql")
                .containsEntry("local_preload_libraries", "")
                .containsEntry("shared_preload_libraries", "no_such_either");
        assertThat(adapted.warnings())
                .hasSize(2)
                .anySatisfy(warning ->
                        assertThat(warning)
                                .contains("session_preload_libraries: the library no_such is left"))
                .anySatisfy(warning ->
                        assertThat(warning).contains("local_preload_libraries: the library auto"));
    }

    @Test
    void keepsParametersAndSaysSoWhenTheServerCannotBeAsked() {
        SortedMap<String, String> wanted = new TreeMap<>(Map.of("fsync", "maybe"));

        Adapted adapted = check(Path.of("/no/such/directory")).adapt(wanted);

        assertThat(adapted.parameters()).isEqualTo(wanted);
        assertThat(adapted.warnings())
                .singleElement()
                .asString()
                .startsWith("parameters can't be checked by the server: could not be started");
    }

    private static ParameterCheck check(Path bin) {
        PostgresConfig.Files files =
                new PostgresConfig.Files(
                        Path.of("/nowhere"),
                        Path.of("/nowhere"),
                        Optional.of(bin),
                        Map.of(),
                        "postgresql",
                        Optional.empty(),
                        Path.of("/nowhere/pgpass"));
        return new ParameterCheck(new PgPrograms(() -> files));
    }

    private static Path newestBin() {
        try (var versions = Files.list(Path.of("/usr/lib/postgresql"))) {
            List<Path> sorted = versions.sorted().toList();
            return sorted.getLast().resolve("bin");
        } catch (IOException e) {
            throw new AssertionError(
                    "no PostgreSQL under /usr/lib/postgresql: make test installs it", e);
        }
    }
}
