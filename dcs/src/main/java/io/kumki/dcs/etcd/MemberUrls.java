package io.kumki.dcs.etcd;

import java.net.URI;
import java.net.URISyntaxException;
import java.util.Locale;
import java.util.Optional;

/** The client URLs that etcd's members advertise; they are what somebody typed. */
final class MemberUrls {

    private MemberUrls() {}

    /** The URL if it can be connected to, in one spelling; empty for anything else. */
    static Optional<URI> parse(String text) {
        try {
            URI uri = new URI(text.strip());
            if (!EtcdConfig.isEndpoint(uri) || unspecified(uri.getHost())) {
                return Optional.empty();
            }
            int port = uri.getPort() < 0 ? EtcdConfig.DEFAULT_PORT : uri.getPort();
            return Optional.of(
                    new URI(
                            uri.getScheme(),
                            null,
                            uri.getHost().toLowerCase(Locale.ROOT),
                            port,
                            null,
                            null,
                            null));
        } catch (URISyntaxException unusable) {
            return Optional.empty();
        }
    }

    static boolean isLoopback(URI uri) {
        String host = uri.getHost();
        return host.equalsIgnoreCase("localhost")
                || host.startsWith("127.")
                || host.equals("[::1]");
    }

    private static boolean unspecified(String host) {
        return host.equals("0.0.0.0") || host.equals("[::]");
    }
}
