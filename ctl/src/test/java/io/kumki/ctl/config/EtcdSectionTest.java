package io.kumki.ctl.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.kumki.ctl.console.CtlException;
import io.kumki.dcs.etcd.EtcdConfig;
import java.net.URI;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class EtcdSectionTest {

    private static EtcdConfig parse(Map<String, ?> section) {
        Map<String, @Nullable Object> values = new TreeMap<>(section);
        return EtcdSection.parse(values);
    }

    private static List<String> endpoints(Map<String, ?> section) {
        return parse(section).endpoints().stream().map(URI::toString).toList();
    }

    @Test
    void hosts_have_many_forms() {
        assertThat(endpoints(Map.of("host", "a"))).containsExactly("http://a:2379");
        assertThat(endpoints(Map.of("host", "a:1", "protocol", "https")))
                .containsExactly("https://a:1");
        assertThat(endpoints(Map.of("hosts", "a:1, b", "port", 2, "host", "c")))
                .containsExactly("http://a:1", "http://b:2");
        assertThat(endpoints(Map.of("hosts", List.of("[::1]:1", "::1"))))
                .containsExactly("http://[::1]:1", "http://[::1]:2379");
        assertThat(endpoints(Map.of("url", "https://a", "hosts", "b")))
                .containsExactly("https://a:2379");
    }

    @Test
    void credentials_come_from_the_url_or_the_section() {
        assertThat(parse(Map.of("url", "http://u:p%40q@a:1")).credentials())
                .contains(new EtcdConfig.Credentials("u", "p@q"));
        assertThat(parse(Map.of("host", "a", "username", "u", "password", 5)).credentials())
                .contains(new EtcdConfig.Credentials("u", "5"));
        assertThat(parse(Map.of("host", "a")).credentials()).isEmpty();
    }

    @Test
    void proxies_are_not_discovered_beyond() {
        assertThat(parse(Map.of("host", "a")).discoverMembers()).isTrue();
        assertThat(parse(Map.of("host", "a", "use_proxies", "on")).discoverMembers()).isFalse();
        assertThat(parse(Map.of("proxy", "http://a:1")).discoverMembers()).isFalse();
    }

    @Test
    void what_is_missing_or_wrong_is_named_without_the_password() {
        assertThatThrownBy(() -> parse(Map.of()))
                .isInstanceOf(CtlException.class)
                .hasMessage("section etcd3 needs one of host, hosts, url, proxy");
        assertThatThrownBy(() -> parse(Map.of("srv", "example.org")))
                .hasMessageContaining("srv is not supported by kumkictl");
        assertThatThrownBy(() -> parse(Map.of("url", "http://u:secret@a b")))
                .hasMessage("section etcd3: \"http://***@a b\" is no address of etcd");
        assertThatThrownBy(() -> parse(Map.of("host", "a", "protocol", "ftp")))
                .isInstanceOf(CtlException.class);
    }
}
