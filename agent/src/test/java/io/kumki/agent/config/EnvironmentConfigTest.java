package io.kumki.agent.config;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

class EnvironmentConfigTest {

    static Stream<Arguments> variables() {
        return Stream.of(
                Arguments.of("SCOPE", "main", "scope", "main"),
                Arguments.of("THREAD_POOL_SIZE", "7", "thread_pool_size", "7"),
                Arguments.of("LOG_MODE", "0644", "log.mode", 420),
                Arguments.of("LOG_FILE_NUM", "0x10", "log.file_num", 16),
                Arguments.of("LOG_FILE_NUM", "many", "log.file_num", null),
                Arguments.of("LOGLEVEL", "DEBUG", "log.level", "DEBUG"),
                Arguments.of("LOG_FORMAT", "%(message)s", "log.format", "%(message)s"),
                Arguments.of(
                        "LOG_FORMAT",
                        "message,levelname",
                        "log.format",
                        List.of("message", "levelname")),
                Arguments.of("LOG_LOGGERS", "a.b: DEBUG", "log.loggers", Map.of("a.b", "DEBUG")),
                Arguments.of(
                        "LOG_DEDUPLICATE_HEARTBEAT_LOGS",
                        "YES",
                        "log.deduplicate_heartbeat_logs",
                        true),
                Arguments.of(
                        "RESTAPI_ALLOWLIST",
                        "10.0.0.0/8,h",
                        "restapi.allowlist",
                        List.of("10.0.0.0/8", "h")),
                Arguments.of(
                        "RESTAPI_ALLOWLIST_INCLUDE_MEMBERS",
                        "perhaps",
                        "restapi.allowlist_include_members",
                        null),
                Arguments.of(
                        "RESTAPI_HTTP_EXTRA_HEADERS",
                        "{X-A: b}",
                        "restapi.http_extra_headers",
                        Map.of("X-A", "b")),
                Arguments.of(
                        "RESTAPI_HTTP_EXTRA_HEADERS",
                        "X-A",
                        "restapi.http_extra_headers",
                        Map.of()),
                Arguments.of(
                        "RESTAPI_HTTP_EXTRA_HEADERS", "[1", "restapi.http_extra_headers", null),
                Arguments.of("RESTAPI_PASSWORD", "p", "restapi.authentication.password", "p"),
                Arguments.of("CTL_INSECURE", "on", "ctl.insecure", true),
                Arguments.of("POSTGRESQL_DATA_DIR", "/d", "postgresql.data_dir", "/d"),
                Arguments.of("POSTGRESQL_DATA_DIR", "", "postgresql.data_dir", null),
                Arguments.of("POSTGRESQL_BIN_PG_CTL", "x", "postgresql.bin_name.pg_ctl", "x"),
                Arguments.of(
                        "REWIND_SSLMODE",
                        "require",
                        "postgresql.authentication.rewind.sslmode",
                        "require"),
                Arguments.of("ETCD3_HOSTS", "'a:1','b:2'", "etcd3.hosts", List.of("a:1", "b:2")),
                Arguments.of("ETCD3_HOSTS", "- a:1\n- b:2", "etcd3.hosts", List.of("a:1", "b:2")),
                Arguments.of("ETCD3_PORT", "2380", "etcd3.port", 2380),
                Arguments.of("ETCD3_USE_PROXIES", "true", "etcd3.use_proxies", true),
                Arguments.of("ETCD3_USERNAME", "u", "etcd3.username", "u"),
                Arguments.of("ETCD_USERNAME", "u", "etcd", null),
                Arguments.of("ETCD3_HOST", "", "etcd3.host", ""),
                Arguments.of("KUBERNETES_LABELS", "a: b", "kubernetes.labels", Map.of("a", "b")),
                Arguments.of("CITUS_GROUP", "1", "citus.group", 1),
                Arguments.of("CITUS_HOST", "1", "citus", null),
                Arguments.of("admin_PASSWORD", "x", "admin", null));
    }

    @ParameterizedTest
    @MethodSource("variables")
    void convertsEachVariable(String name, String text, String path, @Nullable Object expected) {
        EnvironmentConfig config = EnvironmentConfig.of(Map.of("PATRONI_" + name, text));

        Object value = Section.at(config.tree(), path);
        assertThat(value instanceof Map<?, ?> map ? map.keySet() : value)
                .isEqualTo(
                        expected instanceof Map<?, ?> map && !map.isEmpty()
                                ? map.keySet()
                                : expected instanceof Map ? java.util.Set.of("X-A") : expected);
        assertThat(EnvironmentConfig.of(Map.of("KUMKI_" + name, text)).tree())
                .as("its twin")
                .isEqualTo(config.tree());
    }

    @Test
    void warnsOfValuesItCannotReadWithoutShowingThem() {
        EnvironmentConfig config =
                EnvironmentConfig.of(Map.of("PATRONI_LOG_MODE", "rw", "PATRONI_ETCD3_HOSTS", "[a"));

        assertThat(config.tree()).isEmpty();
        assertThat(config.warnings())
                .containsExactlyInAnyOrder(
                        "PATRONI_LOG_MODE is ignored: its value is not an integer",
                        "PATRONI_ETCD3_HOSTS is ignored: its value is not a YAML list such as"
                                + " \"a, b\"");
    }

    @Test
    void whatKeepsOthersOutIsNeverLeftOut() {
        EnvironmentConfig config =
                EnvironmentConfig.of(
                        Map.of(
                                "KUMKI_RESTAPI_ALLOWLIST",
                                "10.0.0.0/8, [x",
                                "PATRONI_RESTAPI_ALLOWLIST_INCLUDE_MEMBERS",
                                "perhaps"));

        assertThat(config.problems())
                .extracting(Problem::sentence)
                .containsExactlyInAnyOrder(
                        "KUMKI_RESTAPI_ALLOWLIST = 10.0.0.0/8, [x: its value is not a YAML list such as \"a, b\": correct it",
                        "PATRONI_RESTAPI_ALLOWLIST_INCLUDE_MEMBERS = perhaps: its value is none of on, off, true, false, yes, no, 1, 0: correct it");
        for (String wrong : List.of("10.0.0.0/99", "10.0.0.x/8", "a b")) {
            assertThat(
                            ConfigValidator.problems(
                                    Map.of("restapi", Map.of("allowlist", List.of(wrong)))))
                    .extracting(Problem::path)
                    .as(wrong)
                    .contains("restapi.allowlist");
        }
    }

    @Test
    void warnsOfEachNameWithoutMeaningAndNamesTheNearest() {
        EnvironmentConfig config =
                EnvironmentConfig.of(
                        Map.of(
                                "KUMKI_REPLICATION_PASWORD", "secret1",
                                "PATRONI_ECTD3_HOSTS", "a:1",
                                "KUMKI_WHATEVER_IT_MAY_BE", "x",
                                "KUMKI_JAVA_OPTS", "-Xmx1g",
                                "KUMKI_SERVICE_HOST", "10.0.0.1",
                                "KUMKI_PORT_8008_TCP_ADDR", "10.0.0.1",
                                "KUMKI_ETCD3_PASSWORD", "secret2"));

        assertThat(config.warnings())
                .containsExactlyInAnyOrder(
                        "KUMKI_REPLICATION_PASWORD is ignored: there is no such variable; the nearest is KUMKI_REPLICATION_PASSWORD",
                        "PATRONI_ECTD3_HOSTS is ignored: there is no such variable; the nearest is PATRONI_ETCD3_HOSTS",
                        "KUMKI_WHATEVER_IT_MAY_BE is ignored: there is no such variable");
        assertThat(config.tree()).doesNotContainKey("ectd3");
    }

    @Test
    void prefersTheNewNameOfAVariable() {
        Map<String, String> both =
                Map.of("PATRONI_LOGLEVEL", "DEBUG", "PATRONI_LOG_LEVEL", "ERROR");

        assertThat(Section.at(EnvironmentConfig.of(both).tree(), "log.level")).isEqualTo("ERROR");
    }
}
