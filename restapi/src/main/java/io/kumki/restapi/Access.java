package io.kumki.restapi;

import io.kumki.dcs.cluster.ClusterView;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.http.HttpServerRequest;
import java.net.InetAddress;
import java.net.URI;
import java.net.UnknownHostException;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import javax.net.ssl.SSLPeerUnverifiedException;
import javax.net.ssl.SSLSession;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Who may send unsafe requests: no page of another site, then allowlist, client certificate, name
 * and password, in this order.
 *
 * @param networks the allowlist's entries, resolved
 */
record Access(RestConfig config, Networks networks) {

    private static final Logger LOG = LoggerFactory.getLogger(Access.class);

    private static final Answer DENIED = Answer.text(403, "Access is denied");

    /** Whether members count as allowed. */
    enum Members {
        AS_CONFIGURED,
        /** {@code POST /failsafe}: the store may be down, so who is a member isn't known. */
        NEVER
    }

    /** The refusal, if there is one. */
    Future<Optional<Answer>> check(
            Vertx vertx, HttpServerRequest request, Members members, Optional<ClusterView> view) {
        Optional<Answer> foreign = Origins.check(request, config);
        if (foreign.isPresent()) {
            return Future.succeededFuture(foreign);
        }
        boolean withMembers =
                members == Members.AS_CONFIGURED && config.allowlist().includeMembers();
        if (config.allowlist().entries().isEmpty() && !withMembers) {
            return Future.succeededFuture(afterAllowlist(request));
        }
        InetAddress client =
                InetAddress.ofLiteral(withoutZone(request.remoteAddress().hostAddress()));
        if (networks.contains(client)) {
            return Future.succeededFuture(afterAllowlist(request));
        }
        if (!withMembers) {
            return Future.succeededFuture(Optional.of(DENIED));
        }
        List<String> hosts = view.map(Access::memberHosts).orElse(List.of());
        return vertx.executeBlocking(anyIs(hosts, client))
                .map(known ->
                        Boolean.TRUE.equals(known) ? afterAllowlist(request) : Optional.of(DENIED));
    }

    private static Callable<Boolean> anyIs(List<String> hosts, InetAddress client) {
        return () -> {
            for (String host : hosts) {
                try {
                    if (new Networks(Networks.hosts(host)).contains(client)) {
                        return true;
                    }
                } catch (UnknownHostException e) {
                    LOG.atDebug()
                            .addKeyValue("host", host)
                            .addKeyValue("error", e.getMessage())
                            .log("member left out of the allowlist: its name is not known");
                }
            }
            return false;
        };
    }

    private static List<String> memberHosts(ClusterView view) {
        return view.members().values().stream()
                .flatMap(member -> member.addresses().apiUrl().stream())
                .flatMap(url -> host(url).stream())
                .toList();
    }

    /** {@link URI#getHost} knows no host name with an underscore, which many have. */
    static Optional<String> host(String url) {
        try {
            return Optional.ofNullable(URI.create(url).getRawAuthority())
                    .map(authority -> authority.substring(authority.indexOf('@') + 1))
                    .map(Origins::withoutPort)
                    .filter(host -> !host.isEmpty());
        } catch (IllegalArgumentException e) {
            return Optional.empty();
        }
    }

    private static String withoutZone(String address) {
        int zone = address.indexOf('%');
        return zone < 0 ? address : address.substring(0, zone);
    }

    private Optional<Answer> afterAllowlist(HttpServerRequest request) {
        boolean wantsCertificate =
                config.tls()
                        .filter(tls -> tls.verifyClient() != RestConfig.VerifyClient.NONE)
                        .isPresent();
        if (wantsCertificate && !showedCertificate(request.sslSession())) {
            return Optional.of(Answer.text(403, "client certificate required"));
        }
        return config.authentication().flatMap(expected -> passwordRefusal(expected, request));
    }

    private static boolean showedCertificate(@Nullable SSLSession session) {
        try {
            return session != null && session.getPeerCertificates().length > 0;
        } catch (SSLPeerUnverifiedException e) {
            return false;
        }
    }

    /** Compares in constant time, so that answers don't tell how much was right. */
    private static Optional<Answer> passwordRefusal(
            RestConfig.Credentials expected, HttpServerRequest request) {
        String header = request.getHeader("Authorization");
        if (header == null) {
            return Optional.of(unauthorized("no auth header received", request));
        }
        byte[] right =
                Base64.getEncoder()
                        .encode(
                                (expected.username() + ":" + expected.password())
                                        .getBytes(StandardCharsets.UTF_8));
        boolean basic = header.startsWith("Basic ");
        byte[] given = header.substring(basic ? 6 : 0).getBytes(StandardCharsets.UTF_8);
        return MessageDigest.isEqual(right, given) && basic
                ? Optional.empty()
                : Optional.of(unauthorized("not authenticated", request));
    }

    /**
     * The own page asks for name and password itself. At the word Basic the browser would ask too,
     * and keep the answer for whoever comes after.
     */
    private static Answer unauthorized(String text, HttpServerRequest request) {
        String scheme = Origins.ownPage(request) ? "Kumki-Form" : "Basic";
        return Answer.text(401, text, Map.of("WWW-Authenticate", scheme + " realm=\"Patroni\""));
    }
}
