package io.kumki.agent.config;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class InitdbOptionsTest {

    @Test
    void aListHasWordsAndPairs() {
        InitdbOptions options =
                InitdbOptions.read(
                        List.of(
                                "data-checksums",
                                Map.of("encoding", "UTF8"),
                                Map.of("locale", "'de_DE.UTF-8'")));

        assertThat(options.problems()).isEmpty();
        assertThat(options.arguments())
                .containsExactly("--data-checksums", "--encoding=UTF8", "--locale=de_DE.UTF-8");
    }

    @Test
    void anObjectSkipsWhatIsEmpty() {
        Map<String, Object> object = new LinkedHashMap<>();
        object.put("encoding", "UTF8");
        object.put("locale", "");
        object.put("wal-segsize", 16);

        InitdbOptions options = InitdbOptions.read(object);

        assertThat(options.problems()).isEmpty();
        assertThat(options.arguments()).containsExactly("--encoding=UTF8", "--wal-segsize=16");
    }

    @Test
    void whatIsWrongIsNamed() {
        InitdbOptions options =
                InitdbOptions.read(
                        List.of(
                                "nosync",
                                Map.of("pgdata", "/x"),
                                Map.of("a", 1, "b", 2),
                                Map.of("encoding", List.of("UTF8"))));

        assertThat(options.arguments()).isEmpty();
        assertThat(options.problems())
                .hasSize(4)
                .anyMatch(problem -> problem.contains("nosync"))
                .anyMatch(problem -> problem.contains("pgdata"))
                .anyMatch(problem -> problem.contains("bootstrap.initdb.encoding"));
        assertThat(InitdbOptions.read("data-checksums").problems())
                .singleElement()
                .asString()
                .contains("bootstrap.initdb = data-checksums");
    }
}
