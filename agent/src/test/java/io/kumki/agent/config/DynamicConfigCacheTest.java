package io.kumki.agent.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DynamicConfigCacheTest {

    @TempDir Path dataDir;

    @Test
    void readsWhatItWrote() throws IOException {
        DynamicConfigCache cache = new DynamicConfigCache(dataDir);
        Map<String, Object> values = Map.of("ttl", 30, "slots", Map.of("a", List.of(1, "x", true)));

        assertThat(cache.read()).isEmpty();
        assertThat(cache.write(Map.of())).isTrue();
        assertThat(cache.write(values)).isTrue();

        assertThat(cache.read()).contains(values);
        assertThat(dataDir.toFile().list()).containsExactly("patroni.dynamic.json");
    }

    @Test
    void removesWhatAKilledAgentLeft() throws IOException {
        Files.writeString(dataDir.resolve("patroni.dynamic.json.new"), "{\"tt");

        new DynamicConfigCache(dataDir).write(Map.of("ttl", 30));

        assertThat(dataDir.toFile().list()).containsExactly("patroni.dynamic.json");
    }

    @Test
    void opensTheFileToTheGroupOnlyInAnOpenDataDirectory() throws IOException {
        assertThat(modeIn("rwx------")).isEqualTo("rw-------");
        assertThat(modeIn("rwxr-x---")).isEqualTo("rw-r-----");
    }

    @Test
    void writesNothingWithoutADataDirectory() throws IOException {
        assertThat(new DynamicConfigCache(dataDir.resolve("no")).write(Map.of())).isFalse();
    }

    @Test
    void namesTheFileThatHoldsNoObject() throws IOException {
        for (String content : List.of("", "[1]", "{\"a\"", "x")) {
            Files.writeString(dataDir.resolve("patroni.dynamic.json"), content);

            assertThatThrownBy(() -> new DynamicConfigCache(dataDir).read())
                    .isInstanceOf(IOException.class)
                    .hasMessageContaining("patroni.dynamic.json is ignored");
        }
    }

    private String modeIn(String directoryMode) throws IOException {
        Files.setPosixFilePermissions(dataDir, PosixFilePermissions.fromString(directoryMode));
        new DynamicConfigCache(dataDir).write(Map.of());
        return PosixFilePermissions.toString(
                Files.getPosixFilePermissions(dataDir.resolve("patroni.dynamic.json")));
    }
}
