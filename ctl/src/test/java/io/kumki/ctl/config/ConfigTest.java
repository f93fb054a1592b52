package io.kumki.ctl.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.kumki.ctl.console.CtlException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

@SuppressWarnings("StringConcatToTextBlock") // long lines stay apart from line feeds
class ConfigTest {

    @TempDir private Path directory;

    private String file(String name, String text) throws IOException {
        return Files.writeString(directory.resolve(name), text).toString();
    }

    @Test
    void variables_stand_over_the_file() throws IOException {
        String path = file("node.yml", "scope: a\nnamespace: n\nctl: {insecure: off}\n");
        CtlConfig config =
                CtlConfig.of(
                        ConfigSource.load(
                                path,
                                Map.of(
                                        "PATRONI_SCOPE", "c",
                                        "KUMKI_SCOPE_FILE", file("scope", "b\n"),
                                        "KUMKI_SUPERUSER_PASSWORD_FILE", "/unreadable",
                                        "PATRONI_NAMESPACE", "",
                                        "PATRONI_CTL_INSECURE", "on",
                                        "PATRONI_ETCD3_HOSTS", "'a:1','b:2'",
                                        "PATRONI_CITUS_GROUP", "x")),
                        false);
        assertThat(config.scope()).contains("b");
        assertThat(config.namespace()).isEqualTo("n");
        assertThat(config.rest().insecure()).isTrue();
        assertThat(config.citusGroup()).isEmpty();
        assertThat(StoreChoice.etcd3(config.root())).containsEntry("hosts", List.of("a:1", "b:2"));
    }

    @Test
    void the_files_of_a_directory_are_merged_by_name() throws IOException {
        file("b.yaml", "scope: b\netcd3: {host: null}\n");
        file("a.yml", "scope: a\nnamespace: n\netcd3: {host: x, protocol: https}\n");
        file("c.txt", "scope: c\n");
        CtlConfig config = CtlConfig.of(ConfigSource.load(directory.toString(), Map.of()), false);
        assertThat(config.scope()).contains("b");
        assertThat(config.namespace()).isEqualTo("n");
        assertThat(StoreChoice.etcd3(config.root())).isEqualTo(Map.of("protocol", "https"));
    }

    @Test
    void a_named_file_must_exist_but_the_default_may_be_missing() {
        assertThatThrownBy(() -> ConfigSource.load("/nonexistent.yml", Map.of()))
                .hasMessage(
                        "Provided config file /nonexistent.yml not existing or no read rights."
                                + " Check the -c/--config-file parameter");
        assertThat(ConfigSource.load(null, Map.of("HOME", "/nonexistent"))).isEmpty();
        assertThat(
                        ConfigSource.load(
                                null,
                                Map.of(
                                        "HOME", "/nonexistent",
                                        "PATRONI_SCOPE", "ignored",
                                        "PATRONI_CONFIGURATION", "scope: whole")))
                .isEqualTo(Map.of("scope", "whole"));
    }

    @Test
    void credentials_of_ctl_win_and_must_be_complete() throws IOException {
        String path =
                file(
                        "node.yml",
                        "restapi: {authentication: {username: r, password: 1}}\n"
                                + "ctl: {authentication: {username: c, password: 2}}\n");
        assertThat(CtlConfig.of(ConfigSource.load(path, Map.of()), false).rest().credentials())
                .contains("c:2");
        String incomplete = file("bad.yml", "restapi: {authentication: {username: r}}\n");
        assertThatThrownBy(() -> CtlConfig.of(ConfigSource.load(incomplete, Map.of()), false))
                .isInstanceOf(CtlException.class)
                .hasMessage(
                        "restapi.authentication needs both username and password: password is"
                                + " missing");
    }

    @Test
    void secrets_stay_out_of_texts() {
        CtlConfig.RestAccess access =
                new CtlConfig.RestAccess(
                        Optional.of("user:secret"),
                        Optional.empty(),
                        Optional.empty(),
                        Optional.empty(),
                        Optional.of("secret"),
                        false);
        assertThat(access.toString()).doesNotContain("secret");
    }

    @ParameterizedTest
    @CsvSource({
        "etcd3://h:1/ns, h:1, ns",
        "etcd3://h, h:2379, service",
        "etcd3://, localhost:2379, service",
        "etcd3://[::1]:1, [::1]:1, service"
    })
    void the_url_replaces_the_stores(String url, String host, String namespace) {
        Map<String, @Nullable Object> root =
                StoreChoice.withUrl(Map.of("consul", Map.of("host", "c"), "scope", "s"), url);
        assertThat(StoreChoice.etcd3(root)).isEqualTo(Map.of("host", host));
        CtlConfig config = CtlConfig.of(root, false);
        assertThat(config.namespace()).isEqualTo(namespace);
        assertThat(config.scope()).contains("s");
    }

    @Test
    void other_stores_are_refused() {
        assertThatThrownBy(() -> StoreChoice.withUrl(Map.of(), "redis://h"))
                .hasMessage("Unknown dcs scheme: redis");
        assertThatThrownBy(() -> StoreChoice.withUrl(Map.of(), "h:2379"))
                .hasMessageContaining("use etcd3://HOST:PORT");
        assertThatThrownBy(() ->
                        StoreChoice.etcd3(Map.of("etcd", Map.of(), "etcd3", Map.of("host", "h"))))
                .hasMessageContaining("section etcd means the store etcd");
        assertThatThrownBy(() -> StoreChoice.etcd3(Map.of()))
                .hasMessageStartingWith(
                        "Can not find suitable configuration of distributed configuration store");
    }

    @Test
    void paths_below_the_parameters_are_one_name() {
        assertThat(ConfigTree.set(Map.of(), "postgresql.parameters.a.b", 1))
                .isEqualTo(Map.of("postgresql", Map.of("parameters", Map.of("a.b", 1))));
        assertThat(ConfigTree.set(Map.of("a", 1), "a.b.c", 2))
                .isEqualTo(Map.of("a", Map.of("b", Map.of("c", 2))));
        assertThat(ConfigTree.same(Map.of("a", List.of(1, "x")), Map.of("a", List.of(1L, "x"))))
                .isTrue();
        assertThat(ConfigTree.same(Map.of("a", 1), Map.of("a", "1"))).isFalse();
    }
}
