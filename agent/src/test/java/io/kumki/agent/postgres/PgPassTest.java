package io.kumki.agent.postgres;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.kumki.agent.config.PostgresConfig.Credentials;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.Optional;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class PgPassTest {

    @Test
    void writesOneLineForEachHostWithColonsAndBackslashesEscaped() {
        Credentials credentials =
                new Credentials(Optional.of("re:pl"), Optional.of("a\\b:c"), new TreeMap<>());

        assertThat(PgPass.lines("10.0.0.1,::1,/run/pg", 5432, credentials))
                .containsExactly(
                        "10.0.0.1:5432:*:re\\:pl:a\\\\b\\:c",
                        "\\:\\:1:5432:*:re\\:pl:a\\\\b\\:c",
                        "/run/pg:5432:*:re\\:pl:a\\\\b\\:c",
                        "localhost:5432:*:re\\:pl:a\\\\b\\:c");
    }

    @Test
    void hasNoLinesWithoutPassword() {
        Credentials credentials =
                new Credentials(Optional.of("repl"), Optional.empty(), new TreeMap<>());

        assertThat(PgPass.lines("h", 5432, credentials)).isEmpty();
    }

    @Test
    void replacesTheFileReadableByOwnerAlone(@TempDir Path directory) throws IOException {
        Path file = Files.writeString(directory.resolve("pgpass"), "old");
        Path link = Files.createSymbolicLink(directory.resolve("link"), file);

        PgPass.write(link, List.of("a", "b"));

        assertThat(link).isSymbolicLink();
        assertThat(file).hasContent("a\nb\n");
        assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(file)))
                .isEqualTo("rw-------");
        assertThat(directory.toFile().list()).containsExactlyInAnyOrder("pgpass", "link");
    }

    @Test
    void saysThatTheDirectoryForItIsMissing(@TempDir Path directory) {
        Path pgpass = directory.resolve("no home").resolve(".pgpass");

        assertThatThrownBy(() -> PgPass.temporary(pgpass, List.of("a")))
                .isInstanceOf(IOException.class)
                .hasMessageContaining(pgpass + ": its directory doesn't exist")
                .hasMessageContaining("postgresql.pgpass");
    }
}
