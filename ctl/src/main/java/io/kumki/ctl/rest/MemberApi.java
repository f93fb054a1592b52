package io.kumki.ctl.rest;

import io.kumki.ctl.config.CtlConfig.RestAccess;
import io.kumki.ctl.console.AbortedException;
import io.kumki.ctl.output.JsonText;
import io.kumki.dcs.cluster.Member;
import io.kumki.dcs.cluster.UrlPlace;
import java.io.IOException;
import java.net.InetAddress;
import java.net.URI;
import java.net.URISyntaxException;
import java.net.UnknownHostException;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Base64;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** Requests to members' REST APIs; credentials are sent without being asked for. */
public final class MemberApi {

    /** For what a member answers from memory or with one look at the store. */
    public static final Duration QUICK = Duration.ofSeconds(30);

    /**
     * For what a member answers when the work is done: a restart waits for crash recovery, as long
     * as the operator allowed it to take. Longer than any sensible setting; it only keeps a script
     * from hanging for ever on a member that vanished.
     */
    public static final Duration WORK = Duration.ofHours(2);

    private static final Duration CONNECT_LIMIT = Duration.ofSeconds(5);

    private final HttpClient client;
    private final Optional<String> authorization;

    /**
     * @throws io.kumki.ctl.console.CtlException if a certificate or key can't be used
     */
    public MemberApi(RestAccess access) {
        HttpClient.Builder builder =
                HttpClient.newBuilder()
                        .version(HttpClient.Version.HTTP_1_1)
                        .connectTimeout(CONNECT_LIMIT);
        ApiTls.context(access).ifPresent(builder::sslContext);
        this.client = builder.build();
        this.authorization = access.credentials().map(MemberApi::basic);
    }

    /** A request without body; {@code endpoint} empty asks the {@code api_url} as it is. */
    public ApiAnswer get(Member member, String endpoint) throws ApiUnreachableException {
        return send(member, "GET", endpoint, null, QUICK);
    }

    /**
     * @param body written as JSON; null for none
     * @param limit for the whole answer
     */
    public ApiAnswer send(
            Member member,
            String method,
            String endpoint,
            @Nullable Map<String, ? extends @Nullable Object> body,
            Duration limit)
            throws ApiUnreachableException {
        URI uri = address(member, endpoint);
        HttpRequest.Builder request =
                HttpRequest.newBuilder(uri)
                        .timeout(limit)
                        .method(
                                method,
                                body == null
                                        ? BodyPublishers.noBody()
                                        : BodyPublishers.ofString(JsonText.write(body)));
        authorization.ifPresent(value -> request.header("Authorization", value));
        try {
            HttpResponse<String> response =
                    client.send(request.build(), BodyHandlers.ofString(StandardCharsets.UTF_8));
            return new ApiAnswer(response.statusCode(), response.body());
        } catch (IOException e) {
            throw new ApiUnreachableException(
                    "%s at %s gave no answer: %s".formatted(member.name(), uri, reason(e)), e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new AbortedException();
        }
    }

    private static URI address(Member member, String endpoint) throws ApiUnreachableException {
        String url =
                member.addresses()
                        .apiUrl()
                        .orElseThrow(() ->
                                new ApiUnreachableException(
                                        member.name() + " publishes no api_url"));
        try {
            URI uri = new URI(url);
            Optional<UrlPlace> place = UrlPlace.of(uri);
            if (place.isEmpty() || uri.getScheme() == null) {
                throw new URISyntaxException(url, "no host or scheme");
            }
            return new URI(
                    uri.getScheme(),
                    uri.getHost() == null ? byAddress(place.get()) : uri.getAuthority(),
                    endpoint.isEmpty() ? uri.getPath() : "/" + endpoint,
                    endpoint.isEmpty() ? uri.getQuery() : null,
                    null);
        } catch (UnknownHostException e) {
            throw new ApiUnreachableException(
                    "%s at %s can't be asked: the host name has no address"
                            .formatted(member.name(), url),
                    e);
        } catch (URISyntaxException e) {
            throw new ApiUnreachableException(
                    "%s publishes an api_url that is none: %s".formatted(member.name(), url), e);
        }
    }

    /** Java's HTTP client takes no host name with an underscore, but the address behind it. */
    private static String byAddress(UrlPlace place) throws UnknownHostException {
        String address = InetAddress.getByName(place.host()).getHostAddress();
        String host = address.contains(":") ? "[" + address + "]" : address;
        return host + (place.port().isPresent() ? ":" + place.port().getAsInt() : "");
    }

    /** The first text in the chain of causes: Java's connection errors often have none. */
    private static String reason(IOException failure) {
        for (Throwable t = failure; t != null; t = t.getCause()) {
            if (t.getMessage() != null && !t.getMessage().isBlank()) {
                return t.getMessage();
            }
        }
        return failure instanceof java.net.ConnectException
                ? "connection refused"
                : failure.getClass().getSimpleName();
    }

    private static String basic(String credentials) {
        byte[] bytes = credentials.getBytes(StandardCharsets.UTF_8);
        return "Basic " + Base64.getEncoder().encodeToString(bytes);
    }
}
