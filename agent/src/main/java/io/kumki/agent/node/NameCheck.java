package io.kumki.agent.node;

import io.kumki.dcs.cluster.UrlPlace;
import io.kumki.restapi.Versions;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.VertxException;
import io.vertx.core.http.HttpClient;
import io.vertx.core.http.HttpClientOptions;
import io.vertx.core.http.HttpClientRequest;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.RequestOptions;
import io.vertx.core.net.ClientSSLOptions;
import java.io.IOException;
import java.net.InetAddress;
import java.net.NetworkInterface;
import java.net.URI;
import java.nio.channels.ClosedChannelException;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicBoolean;
import javax.net.ssl.SSLException;

/**
 * Whether somebody is at the address that the store has for our own name. Any HTTP answer tells so,
 * and so does anybody who talks TLS, though he may refuse our certificate: he is there.
 */
final class NameCheck {

    /** The contract's limit. */
    static final Duration LIMIT = Duration.ofSeconds(3);

    /** How Netty says that no word of TLS came. */
    private static final List<String> SILENT =
            List.of("Connection closed while", "handshake timed out");

    private NameCheck() {}

    /**
     * How somebody answers, such as {@code answers}; empty if nobody does. Never fails.
     *
     * @param apiUrl of the member key
     * @param limit {@link #LIMIT}
     */
    static Future<Optional<String>> answers(
            Vertx vertx, LoopClock clock, String apiUrl, ClientSSLOptions tls, Duration limit) {
        RequestOptions request;
        try {
            request =
                    new RequestOptions()
                            .setSslOptions(tls)
                            .setMethod(HttpMethod.GET)
                            .setAbsoluteURI(apiUrl.replaceAll("/patroni/?$", "") + "/liveness")
                            .putHeader("User-Agent", Versions.USER_AGENT)
                            .setTimeout(limit.toMillis());
        } catch (VertxException | IllegalArgumentException nonsense) {
            return Future.succeededFuture(Optional.empty()); // nobody can be at no address
        }
        // with TLS 1.3 a server that misses our certificate says so after the handshake, or closes
        AtomicBoolean spokeTls = new AtomicBoolean();
        HttpClient client =
                vertx.httpClientBuilder()
                        .with(
                                new HttpClientOptions()
                                        .setKeepAlive(false)
                                        .setConnectTimeout((int) limit.toMillis()))
                        .withConnectHandler(connection -> spokeTls.set(connection.isSsl()))
                        .build();
        Future<Optional<String>> answer =
                Future.succeededFuture(request)
                        .compose(client::request)
                        .compose(HttpClientRequest::send)
                        .map(_ -> Optional.of("answers"));
        return Within.limit(answer, limit, clock, () -> new IllegalStateException("nobody answers"))
                .otherwise(failure ->
                        spokeTls.get() || isTls(failure)
                                ? Optional.of("speaks TLS, and then: " + failure.getMessage())
                                : Optional.empty())
                .onComplete(_ -> client.close());
    }

    /**
     * Whether the address is one of this host, or container: a second one that was started with the
     * first one's host name takes the name for its own. Blocks while the name is resolved.
     */
    static boolean own(String apiUrl) {
        try {
            Optional<UrlPlace> place = UrlPlace.of(URI.create(apiUrl));
            if (place.isEmpty()) {
                return false;
            }
            for (InetAddress address : InetAddress.getAllByName(place.get().host())) {
                if (address.isLoopbackAddress()
                        || NetworkInterface.getByInetAddress(address) != null) {
                    return true;
                }
            }
            return false;
        } catch (IllegalArgumentException | IOException e) {
            return false; // an address that nobody can have isn't ours
        }
    }

    /** A proxy that accepts and then finds nobody behind it says nothing in TLS. */
    private static boolean isTls(Throwable failure) {
        boolean tls = false;
        for (Throwable cause = failure; cause != null; cause = cause.getCause()) {
            String message = String.valueOf(cause.getMessage());
            if (cause instanceof ClosedChannelException
                    || SILENT.stream().anyMatch(message::contains)) {
                return false;
            }
            tls |= cause instanceof SSLException;
        }
        return tls;
    }
}
