package io.kumki.ctl.config;

import io.kumki.ctl.console.CtlException;
import io.kumki.dcs.cluster.LenientValues;
import io.kumki.dcs.etcd.EtcdConfig;
import io.kumki.dcs.etcd.EtcdConfig.Credentials;
import io.kumki.dcs.etcd.EtcdConfig.Tls;
import java.net.URI;
import java.net.URISyntaxException;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Reads the section {@code etcd3}: {@code proxy} or {@code url} count before {@code hosts}, these
 * before {@code host}.
 */
public final class EtcdSection {

    private static final String HTTP = "http";

    private final Map<String, @Nullable Object> section;

    private EtcdSection(Map<String, @Nullable Object> section) {
        this.section = section;
    }

    /**
     * @throws CtlException naming the key that is missing or can't be read
     */
    public static EtcdConfig parse(Map<String, @Nullable Object> section) {
        return new EtcdSection(section).config();
    }

    private EtcdConfig config() {
        Optional<String> proxy = text("proxy");
        Optional<URI> url = proxy.or(() -> text("url")).map(EtcdSection::url);
        Tls tls =
                new Tls(
                        text("cacert").map(Path::of),
                        text("cert").map(Path::of),
                        text("key").map(Path::of));
        boolean asGiven =
                proxy.isPresent() || LenientValues.bool(section.get("use_proxies")).orElse(false);
        try {
            return new EtcdConfig(
                    url.map(one -> List.of(withoutUser(one))).orElseGet(this::hosts),
                    url.flatMap(EtcdSection::userOf).or(this::user),
                    tls,
                    !asGiven);
        } catch (IllegalArgumentException e) {
            throw new CtlException("section etcd3: " + e.getMessage(), e);
        }
    }

    private List<URI> hosts() {
        Object hosts = section.get("hosts");
        List<String> addresses = new ArrayList<>();
        if (hosts instanceof List<?> list) {
            list.forEach(host -> addresses.add(String.valueOf(host).strip()));
        } else if (hosts != null) {
            for (String host : hosts.toString().split(",", -1)) {
                addresses.add(host.strip());
            }
        } else {
            text("host").ifPresent(addresses::add);
        }
        addresses.removeIf(String::isEmpty);
        if (addresses.isEmpty()) {
            throw new CtlException(
                    section.containsKey("srv")
                            ? "section etcd3: srv is not supported by kumkictl; name the endpoints"
                                    + " with hosts"
                            : "section etcd3 needs one of host, hosts, url, proxy");
        }
        return addresses.stream().map(this::endpoint).toList();
    }

    private URI endpoint(String address) {
        if (address.contains("://")) {
            return withoutUser(url(address));
        }
        boolean bareIpv6 =
                address.indexOf(':') != address.lastIndexOf(':') && !address.startsWith("[");
        String host = bareIpv6 ? "[" + address + "]" : address;
        boolean hasPort = host.lastIndexOf(':') > host.lastIndexOf(']');
        long port = LenientValues.integer(section.get("port")).orElse(EtcdConfig.DEFAULT_PORT);
        return url(text("protocol").orElse(HTTP) + "://" + host + (hasPort ? "" : ":" + port));
    }

    private static URI url(String text) {
        try {
            URI uri = new URI(text);
            if (uri.getHost() == null) {
                throw new URISyntaxException(text, "no host");
            }
            return uri;
        } catch (URISyntaxException e) {
            throw new CtlException(
                    "section etcd3: \"" + withoutPassword(text) + "\" is no address of etcd", e);
        }
    }

    private static String withoutPassword(String text) {
        return text.replaceFirst("://[^@/]*@", "://***@");
    }

    private static URI withoutUser(URI uri) {
        int port = uri.getPort() < 0 ? EtcdConfig.DEFAULT_PORT : uri.getPort();
        return URI.create(uri.getScheme() + "://" + uri.getHost() + ":" + port);
    }

    private static Optional<Credentials> userOf(URI uri) {
        String info = uri.getRawUserInfo();
        if (info == null || !info.contains(":")) {
            return Optional.empty();
        }
        int colon = info.indexOf(':');
        return Optional.of(
                new Credentials(
                        URLDecoder.decode(info.substring(0, colon), StandardCharsets.UTF_8),
                        URLDecoder.decode(info.substring(colon + 1), StandardCharsets.UTF_8)));
    }

    private Optional<Credentials> user() {
        return text("username").map(name -> new Credentials(name, text("password").orElse("")));
    }

    private Optional<String> text(String key) {
        return Optional.ofNullable(section.get(key))
                .map(Object::toString)
                .map(String::strip)
                .filter(text -> !text.isEmpty());
    }
}
