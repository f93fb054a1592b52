package io.kumki.agent.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class LocalConfigLoaderTest {

    @TempDir Path directory;

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "off | false",
                "on | true",
                "'off' | off",
                "0644 | 420",
                "0o17 | 0o17",
                "10:20 | 620",
                "2024-01-31 | 2024-01-31T00:00:00Z",
                ".nan | NaN",
                "127.0.0.1:8008 | 127.0.0.1:8008"
            })
    void readsYaml11AsExistingFilesMeanIt(String yaml, String text) throws Exception {
        Object value = Configs.tree("key: " + yaml).get("key");

        assertThat(String.valueOf(value)).isEqualTo(text);
    }

    @Test
    void takesTheLastOfDuplicateKeysAndFollowsMergeKeys() throws Exception {
        assertThat(Configs.tree("a: 1\na: 2\nb: &x {c: 3}\nd: {<<: *x, e: 4}"))
                .containsEntry("a", 2)
                .containsEntry("d", Map.of("c", 3, "e", 4));
    }

    @Test
    void saysFileLineAndColumnOfBrokenYaml() throws IOException {
        Path file = Files.writeString(directory.resolve("n.yml"), "a: 1\nb: [1,\n c: ]}\n");

        assertThatThrownBy(() -> load(file, Map.of()))
                .isInstanceOf(InvalidConfigException.class)
                .hasMessageContaining(file.toString())
                .hasMessageContaining("is not valid YAML at line 3, column 6");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "- a | does not contain a dict",
                "just text | does not contain a dict",
                "a: !!int x | is not valid YAML",
                "a: !!java.net.URL [x] | is not valid YAML",
                "a: &a [*a] | is not valid YAML",
                "a: !!binary aGk= | is not valid YAML",
                "{} | Config is empty"
            })
    void refusesWhatIsNoConfiguration(String yaml, String message) throws IOException {
        Path file = Files.writeString(directory.resolve("n.yml"), yaml);

        assertThatThrownBy(() -> load(file, Map.of()))
                .isInstanceOf(InvalidConfigException.class)
                .hasMessageContaining(message);
    }

    @Test
    void refusesTextThatUnfoldsIntoAHugeTree() throws IOException {
        StringBuilder bomb = new StringBuilder("a0: &a0 [x, x, x, x, x, x, x, x]\n");
        for (int i = 1; i < 9; i++) {
            String alias = "*a" + (i - 1);
            bomb.append(
                    "a"
                            + i
                            + ": &a"
                            + i
                            + " ["
                            + String.join(", ", alias, alias, alias, alias, alias)
                            + "]\n");
        }
        Path file = Files.writeString(directory.resolve("n.yml"), bomb);

        assertThatThrownBy(() -> load(file, Map.of()))
                .isInstanceOf(InvalidConfigException.class)
                .hasMessageContaining("unfolds");
    }

    @Test
    void mergesTheFilesOfADirectoryByNameAndTheEnvironmentOverThem() throws Exception {
        Files.writeString(directory.resolve("b.yaml"), "scope: b\nrestapi: {cafile: null}\n");
        Files.writeString(
                directory.resolve("a.yml"),
                "scope: a\nname: a\nrestapi: {cafile: x, listen: 'h:1'}\n");
        Files.writeString(directory.resolve("c.txt"), "scope: c\n");
        Files.createDirectory(directory.resolve("d.yml"));

        LocalConfig config = load(directory, Map.of("PATRONI_NAME", "env", "HOME", "/root"));

        assertThat(config.tree())
                .containsEntry("scope", "b")
                .containsEntry("name", "env")
                .containsEntry("restapi", Map.of("listen", "h:1"));
    }

    @Test
    void takesTheWholeFromOneVariableOnlyWithoutAFile() throws Exception {
        Map<String, String> environment =
                Map.of("PATRONI_CONFIGURATION", "scope: whole", "PATRONI_NAME", "ignored");
        Path file = Files.writeString(directory.resolve("n.yml"), "scope: file");

        assertThat(load(file, environment).tree())
                .isEqualTo(Map.of("scope", "file", "name", "ignored"));
        assertThat(load(directory.resolve("absent.yml"), environment).tree())
                .isEqualTo(Map.of("scope", "whole"));
    }

    @Test
    void readsAgainUnderTheEnvironmentAsItWasAtStart() throws Exception {
        Path file = Files.writeString(directory.resolve("n.yml"), "scope: one");
        LocalConfigLoader loader =
                new LocalConfigLoader(Optional.of(file), Map.of("PATRONI_NAME", "env"));
        loader.load();

        Files.writeString(file, "scope: two\nname: file");

        assertThat(loader.load().tree()).isEqualTo(Map.of("scope", "two", "name", "env"));
        Files.delete(file);
        assertThatThrownBy(loader::load).hasMessageContaining("the file is gone");
    }

    @Test
    void neverShowsPasswordsInItsText() throws Exception {
        LocalConfig config = Configs.local(Configs.MINIMAL + "\nurl: 'http://u:secret-3@h'");

        assertThat(config.toString()).contains("postgres").doesNotContain("secret-");
        assertThat(config.toYaml()).contains("secret-1");
    }

    @Test
    void reportsAFileThatIsNoText() throws IOException {
        Path file = Files.write(directory.resolve("n.yml"), new byte[] {(byte) 0xff, 0, 1});

        assertThatThrownBy(() -> load(file, Map.of())).hasMessageContaining("not UTF-8");
    }

    @Test
    void knowsNothingWithoutAnySource() {
        assertThatThrownBy(() -> new LocalConfigLoader(Optional.empty(), Map.of("A", "b")).load())
                .isInstanceOf(InvalidConfigException.class)
                .hasMessageContaining("Config is empty.");
        assertThatThrownBy(() -> load(directory.resolve("absent.yml"), Map.of()))
                .hasMessageContaining("absent.yml: does not exist. Name a YAML file");
    }

    @Test
    void inTheImageTheHostNameAndTheListenedPortsLieBelowFileAndVariables() throws Exception {
        Map<String, String> image =
                Map.of("KUMKI_IMAGE_BIN_DIR", "/usr/lib/postgresql/17/bin", "HOSTNAME", "node1");
        Path file =
                Files.writeString(
                        directory.resolve("n.yml"),
                        "scope: s\nrestapi: {listen: '0.0.0.0:8009'}\npostgresql: {listen: '*:5433'}\n");

        LocalConfig moved = load(file, image);
        assertThat(moved.tree())
                .containsEntry("name", "node1")
                .containsEntry(
                        "restapi",
                        Map.of("listen", "0.0.0.0:8009", "connect_address", "node1:8009"))
                .containsEntry(
                        "postgresql",
                        Map.of(
                                "listen",
                                "*:5433",
                                "connect_address",
                                "node1:5433",
                                "bin_dir",
                                "/usr/lib/postgresql/17/bin"));
        assertThat(moved.origin("name")).isEqualTo("host name of the container");
        assertThat(moved.origin("postgresql.bin_dir")).isEqualTo("the image");

        Files.writeString(
                file,
                "name: other\nrestapi: {connect_address: '10.0.0.1:80'}\npostgresql: {connect_address: '10.0.0.1:90', bin_dir: /x}\n");
        assertThat(load(file, image).tree())
                .containsEntry("name", "other")
                .containsEntry("restapi", Map.of("connect_address", "10.0.0.1:80"))
                .containsEntry(
                        "postgresql", Map.of("connect_address", "10.0.0.1:90", "bin_dir", "/x"));
        assertThat(load(file, Map.of()).tree()).doesNotContainKey("scope");
    }

    @Test
    void inTheImageAPasswordThatTheAccessRulesAskForIsMissed() throws Exception {
        Map<String, String> image = Map.of("KUMKI_IMAGE_BIN_DIR", "/x", "HOSTNAME", "node1");
        String roles =
                "postgresql: {authentication: {superuser: {username: a, password: ''}, replication: {username: b%s}}, pg_hba: [%s]}";
        Path file =
                Files.writeString(
                        directory.resolve("n.yml"),
                        roles.formatted("", "host all all all scram-sha-256"));

        assertThat(load(file, image).problems())
                .extracting(Problem::path)
                .containsExactly(
                        "postgresql.authentication.superuser.password",
                        "postgresql.authentication.replication.password");
        assertThat(load(file, Map.of()).problems()).isEmpty();
        Files.writeString(file, roles.formatted("", "host all all all trust"));
        assertThat(load(file, image).problems()).isEmpty();
        Files.writeString(file, roles.formatted(", sslcert: /c", "host all all all md5"));
        assertThat(load(file, image).problems()).hasSize(1);
    }

    private static LocalConfig load(Path path, Map<String, String> environment)
            throws InvalidConfigException {
        return new LocalConfigLoader(Optional.of(path), environment).load();
    }
}
