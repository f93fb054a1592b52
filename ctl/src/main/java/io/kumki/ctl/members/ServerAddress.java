package io.kumki.ctl.members;

import io.kumki.dcs.cluster.Member;
import io.kumki.dcs.cluster.UrlPlace;
import java.net.URI;
import java.net.URISyntaxException;
import java.util.Locale;
import java.util.Optional;

/** Where a member's server listens: {@code host} in lower case, without brackets. */
public record ServerAddress(String host, int port) {

    /** The port of a {@code conn_url} that names none. */
    public static final int DEFAULT_PORT = 5432;

    /** Empty if the member published no usable {@code conn_url}. */
    public static Optional<ServerAddress> of(Member member) {
        return member.addresses().connUrl().flatMap(ServerAddress::parse);
    }

    static Optional<ServerAddress> parse(String connUrl) {
        try {
            return UrlPlace.of(new URI(connUrl))
                    .map(place ->
                            new ServerAddress(
                                    place.host().toLowerCase(Locale.ROOT),
                                    place.port().orElse(DEFAULT_PORT)));
        } catch (URISyntaxException _) {
            return Optional.empty(); // what a member publishes is untrusted; it shows as no host
        }
    }
}
