package io.kumki.agent.postgres;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class GeneratedConfTest {

    @Test
    void readsBackWhatItWrote(@TempDir Path directory) throws IOException {
        TreeMap<String, String> settings =
                new TreeMap<>(
                        Map.of("archive_command", "cp '%p' \\x", "port", "5432", "empty", ""));
        Path file = Files.writeString(directory.resolve("c"), GeneratedConf.lines(settings));

        assertThat(GeneratedConf.read(file)).isEqualTo(settings);
    }

    @Test
    void readsTheOtherFormsThatPostgresqlTakes(@TempDir Path directory) throws IOException {
        Path file =
                Files.writeString(
                        directory.resolve("c"),
                        "# comment = 1\nWork_Mem 4MB # four\nport=1\nport = '2' # two\ninclude 'x'\n");

        assertThat(GeneratedConf.read(file))
                .containsEntry("work_mem", "4MB")
                .containsEntry("port", "2");
    }

    @Test
    void neverBreaksOutOfItsLine() {
        assertThat(GeneratedConf.quoted("a'\nb = 'c")).isEqualTo("'a'' b = ''c'");
    }

    @Test
    void aMissingFileHasNoSettings(@TempDir Path directory) {
        assertThat(GeneratedConf.read(directory.resolve("none"))).isEmpty();
    }
}
