package io.kumki.agent.config;

import java.net.URI;
import java.net.URISyntaxException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * The {@code etcd3} section. Its text shows no password.
 *
 * @param endpoints as configured; empty only with {@code srv}
 * @param discovery whether the other members of etcd may be found through the endpoints; false with
 *     {@code proxy} and {@code use_proxies}
 * @param https whether endpoints speak TLS
 * @param srv domain whose SRV records name the endpoints; not resolved yet
 * @param srvSuffix appended to the service names of the records
 */
public record EtcdSettings(
        List<HostPort> endpoints,
        boolean discovery,
        boolean https,
        Optional<String> username,
        Optional<String> password,
        Tls tls,
        Optional<String> srv,
        Optional<String> srvSuffix) {

    private static final int STANDARD_PORT = 2379;

    public EtcdSettings {
        endpoints = List.copyOf(endpoints);
    }

    /** Files in PEM format. */
    public record Tls(Optional<Path> cacert, Optional<Path> cert, Optional<Path> key) {}

    @Override
    public String toString() {
        return "EtcdSettings[endpoints="
                + endpoints
                + ", discovery="
                + discovery
                + ", https="
                + https
                + ", username="
                + username
                + ", password=***, tls="
                + tls
                + ", srv="
                + srv
                + "]";
    }

    /** Order of evaluation: proxy, url, hosts, host, srv. */
    static EtcdSettings of(Section section) {
        @Nullable URI url = url(section);
        List<HostPort> endpoints = endpoints(section).stream().flatMap(Optional::stream).toList();
        String[] user =
                url == null || url.getUserInfo() == null
                        ? new String[0]
                        : url.getUserInfo().split(":", 2);
        String protocol = url == null ? section.text("protocol").orElse("http") : url.getScheme();
        boolean asIs = section.has("proxy") || section.flag("use_proxies", false);
        return new EtcdSettings(
                endpoints,
                !asIs,
                protocol.toLowerCase(Locale.ROOT).equals("https"),
                user.length == 2 ? Optional.of(user[0]) : section.text("username"),
                user.length == 2 ? Optional.of(user[1]) : section.text("password"),
                new Tls(section.path("cacert"), section.path("cert"), section.path("key")),
                srv(section),
                section.text("srv_suffix"));
    }

    /** What is wrong with the endpoints. */
    static List<Problem> problems(Section section) {
        List<Problem> problems = new ArrayList<>();
        for (String key : List.of("proxy", "url")) {
            if (section.get(key) instanceof String text && parseUrl(text) == null) {
                problems.add(
                        new Problem(
                                "etcd3." + key,
                                Secrets.shown("etcd3." + key, text),
                                "must be a URL such as https://10.0.0.1:2379"));
            }
        }
        if (!problems.isEmpty()) {
            return problems;
        }
        List<Optional<HostPort>> endpoints = endpoints(section);
        boolean wrongType = section.has("hosts") && !hostsReadable(section.get("hosts"));
        if (endpoints.isEmpty() && srv(section).isEmpty() && !wrongType) {
            problems.add(
                    new Problem(
                            "etcd3",
                            "",
                            "names no endpoint; give one of hosts, host, url, proxy or srv, such as"
                                    + " hosts: ['10.0.0.1:2379']"));
        }
        if (endpoints.stream().anyMatch(Optional::isEmpty)) {
            String key = section.has("hosts") ? "etcd3.hosts" : "etcd3.host";
            problems.add(
                    new Problem(
                            key,
                            Secrets.shown(
                                    key, section.get(section.has("hosts") ? "hosts" : "host")),
                            "must hold addresses HOST[:PORT] with ports from 1 to 65535, without"
                                    + " protocol (that is etcd3.protocol)"));
        }
        return problems;
    }

    private static Optional<String> srv(Section section) {
        return section.text("srv")
                .or(() -> section.text("discovery_srv"))
                .or(() -> section.text("srv_domain"));
    }

    private static boolean hostsReadable(@Nullable Object hosts) {
        return hosts instanceof String || hosts instanceof List;
    }

    private static List<Optional<HostPort>> endpoints(Section section) {
        URI url = url(section);
        if (url != null) {
            int port = url.getPort() < 0 ? STANDARD_PORT : url.getPort();
            return List.of(HostPort.parse(url.getHost() + ":" + port));
        }
        int port = section.integer("port", STANDARD_PORT);
        List<String> hosts =
                section.get("hosts") instanceof String text
                        ? Arrays.asList(text.split(",", -1))
                        : section.texts("hosts");
        if (hosts.isEmpty()) {
            hosts = section.text("host").map(List::of).orElse(List.of());
        }
        return hosts.stream()
                .map(String::strip)
                .filter(host -> !host.isEmpty())
                .map(host -> HostPort.parse(host, port))
                .toList();
    }

    private static @Nullable URI url(Section section) {
        return section.text("proxy")
                .or(() -> section.text("url"))
                .map(EtcdSettings::parseUrl)
                .orElse(null);
    }

    private static @Nullable URI parseUrl(String text) {
        try {
            URI url = new URI(text.strip());
            boolean http =
                    "http".equalsIgnoreCase(url.getScheme())
                            || "https".equalsIgnoreCase(url.getScheme());
            return http && url.getHost() != null ? url : null;
        } catch (URISyntaxException e) {
            return null; // the problem's text names key, value and form
        }
    }
}
