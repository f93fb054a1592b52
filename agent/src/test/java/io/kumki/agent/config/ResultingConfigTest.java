package io.kumki.agent.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ResultingConfigTest {

    @TempDir Path directory;

    @Test
    void namesTheSourceOfEachValueAndShowsNoSecret() throws Exception {
        Path file = Files.writeString(directory.resolve("node.yml"), Configs.MINIMAL);
        Path secret = Files.writeString(directory.resolve("secret"), "hidden-3\n");

        String printed =
                ResultingConfig.print(
                        new LocalConfigLoader(
                                        Optional.of(file),
                                        Map.of(
                                                "KUMKI_SCOPE", "other",
                                                "PATRONI_ETCD3_HOSTS", "a:1,b:2",
                                                "PATRONI_LOG_STATIC_FIELDS", "app: x",
                                                "PATRONI_SUPERUSER_PASSWORD_FILE",
                                                        secret.toString()))
                                .load());

        assertThat(printed.lines().map(String::strip))
                .contains(
                        "scope: other  # KUMKI_SCOPE",
                        "name: pg-1  # " + file,
                        "# PATRONI_ETCD3_HOSTS",
                        "- a:1",
                        "app: x  # PATRONI_LOG_STATIC_FIELDS",
                        "password: '***'  # PATRONI_SUPERUSER_PASSWORD_FILE",
                        "password: '***'  # " + file,
                        "namespace: service  # default",
                        "ttl: 30  # default",
                        "max_connections: '100'  # default");
        assertThat(printed).doesNotContain("secret-", "hidden");
    }

    @Test
    void secretsInLinesHeadersAndCommandsAreMaskedToo() throws Exception {
        Path file =
                Files.writeString(
                        directory.resolve("node.yml"),
                        Configs.MINIMAL.replace(
                                "postgresql:\n",
                                """
                                postgresql:
                                  pg_hba:
                                  - host all all all ldap ldapserver=l ldapbindpasswd="hidden 1" ldapprefix=x
                                  - host all all all radius radiussecrets=hidden-2
                                  - host all all all password
                                  callbacks: {on_start: "PGPASSWORD=hidden-3 /run --token hidden-4 -v"}
                                  parameters: {ssl_passphrase_command: "echo hidden-5", password_encryption: scram-sha-256}
                                """));

        String printed =
                ResultingConfig.print(
                        new LocalConfigLoader(
                                        Optional.of(file),
                                        Map.of(
                                                "KUMKI_RESTAPI_HTTP_EXTRA_HEADERS",
                                                "X-Api-Key: hidden-6, X-A: Bearer hidden-7, X-B: seen"))
                                .load());

        assertThat(printed)
                .doesNotContain("hidden")
                .contains(
                        "ldapserver=l",
                        "ldapprefix=x",
                        "all password",
                        "/run --token *** -v",
                        "X-B: seen",
                        "password_encryption: scram-sha-256");
    }

    @Test
    void nothingThatCountsIsMissing() throws Exception {
        String printed = ResultingConfig.print(Configs.local(Configs.MINIMAL));

        assertThat(printed.lines().map(String::strip))
                .contains(
                        "thread_pool_size: 5  # default",
                        "max_queue_size: 1000  # default",
                        "allowlist: []  # default",
                        "verify_client: none  # default",
                        "protocol: http  # default",
                        "driver: default  # default",
                        "config_base_name: postgresql  # default",
                        "crash_loop_limit: 3  # default",
                        "crash_loop_window: 600  # default",
                        "remove_data_directory_on_rewind_failure: false  # default");
    }

    @Test
    void parametersOfTheNodeAreNotTheClusters() throws Exception {
        Path file =
                Files.writeString(
                        directory.resolve("node.yml"),
                        Configs.MINIMAL.replace(
                                "postgresql:\n",
                                "postgresql:\n  parameters: {log_statement: ddl}\n"));
        String printed =
                ResultingConfig.print(new LocalConfigLoader(Optional.of(file), Map.of()).load());
        assertThat(printed.lines().filter(line -> line.contains("log_statement")))
                .containsExactly("    log_statement: ddl  # " + file);
    }

    @Test
    void isYamlOfTheSameValues() throws Exception {
        LocalConfig local =
                Configs.local(
                        Configs.MINIMAL
                                + """
                                tags: {a: "two\\nlines # no comment", b: [], c: {}, d: null}
                                bootstrap:
                                  dcs: {ttl: 40, postgresql: {parameters: {'odd: name': 'x: y'}}}
                                """);

        Map<String, ?> again =
                Section.of(YamlText.parse(ResultingConfig.print(local), "x")).values();

        assertThat(Section.at(again, "tags"))
                .isEqualTo(
                        Map.of(
                                "a",
                                "two\nlines # no comment",
                                "b",
                                java.util.List.of(),
                                "c",
                                Map.of()));
        assertThat(Section.at(again, "bootstrap.dcs.ttl")).isEqualTo(40);
        assertThat(Section.at(again, "bootstrap.dcs.postgresql.parameters.odd: name"))
                .isEqualTo("x: y");
        assertThat(Section.at(again, "postgresql.listen")).isEqualTo("127.0.0.1:5432");
    }

    @Test
    void namesAllMistakesAtOnceThoseOfVariablesToo() {
        assertThatThrownBy(() ->
                        ResultingConfig.print(
                                new LocalConfigLoader(
                                                Optional.empty(),
                                                Map.of("KUMKI_SUPERUSER_PASSWORD_FILE", "/no"))
                                        .load()))
                .isInstanceOf(InvalidConfigException.class)
                .hasMessageContaining("KUMKI_SUPERUSER_PASSWORD_FILE = /no: there is no such file")
                .hasMessageContaining("scope");
    }
}
