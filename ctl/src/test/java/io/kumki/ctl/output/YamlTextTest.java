package io.kumki.ctl.output;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.kumki.ctl.console.CtlException;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class YamlTextTest {

    @Test
    void a_configuration_is_written_as_scripts_know_it() {
        Map<String, Object> parameters = new LinkedHashMap<>();
        parameters.put("archive_command", "test ! -f /x/%f && cp %p é");
        parameters.put("max_connections", 100);
        parameters.put("multi", "a\nb\n");
        parameters.put("x", "on");
        parameters.put("y", "5");
        parameters.put("z", null);
        Map<String, Object> config = new LinkedHashMap<>();
        config.put("ttl", 30);
        config.put("pause", true);
        config.put("f", 1.5);
        config.put("empty", Map.of());
        config.put("l", List.of());
        config.put(
                "postgresql",
                Map.of("parameters", parameters, "pg_hba", List.of("host all all 0.0.0.0/0 md5")));
        assertThat(YamlText.block(config))
                .isEqualTo(
                        """
                        empty: {}
                        f: 1.5
                        l: []
                        pause: true
                        postgresql:
                          parameters:
                            archive_command: test ! -f /x/%f && cp %p é
                            max_connections: 100
                            multi: 'a

                              b

                              '
                            x: 'on'
                            y: '5'
                            z: null
                          pg_hba:
                          - host all all 0.0.0.0/0 md5
                        ttl: 30
                        """);
    }

    @Test
    void tags_fit_in_one_line() {
        assertThat(YamlText.flow(Map.of("nofailover", true))).isEqualTo("{nofailover: true}");
    }

    @Test
    void values_are_yaml_1_1() {
        assertThat(YamlText.parse("on", "x")).isEqualTo(true);
        assertThat(YamlText.parse("0644", "x")).isEqualTo(420);
        assertThat(YamlText.parse("10:20", "x")).isEqualTo(620);
        assertThat(YamlText.parse("null", "x")).isNull();
        assertThat(YamlText.parse("[1,2]", "x")).isEqualTo(Arrays.asList(1, 2));
        assertThat(YamlText.parse("2030-01-01", "x")).isEqualTo("2030-01-01");
        assertThat(YamlText.parse("8MB", "x")).isEqualTo("8MB");
    }

    @Test
    void of_duplicate_keys_the_last_wins() {
        assertThat(YamlText.parseMapping("a: 1\na: 2\n", "x")).isEqualTo(Map.of("a", 2));
    }

    @Test
    void what_is_no_yaml_is_named() {
        assertThatThrownBy(() -> YamlText.parse("a: [", "node.yml"))
                .isInstanceOf(CtlException.class)
                .hasMessageStartingWith("node.yml is not valid YAML: ");
        assertThatThrownBy(() -> YamlText.parseMapping("- a", "node.yml"))
                .hasMessage("node.yml does not contain a mapping of keys to values");
    }
}
