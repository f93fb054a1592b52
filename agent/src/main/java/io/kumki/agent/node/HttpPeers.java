package io.kumki.agent.node;

import io.kumki.agent.ha.PeerAnswer;
import io.kumki.dcs.cluster.Member;
import io.kumki.dcs.cluster.MemberName;
import io.kumki.restapi.Lease;
import io.kumki.restapi.NodeControl.FailsafeCall;
import io.kumki.restapi.Versions;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.VertxException;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpClient;
import io.vertx.core.http.HttpClientOptions;
import io.vertx.core.http.HttpClientRequest;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.RequestOptions;
import io.vertx.core.net.ClientSSLOptions;
import java.net.URI;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.function.Supplier;

/**
 * Asks the other members over HTTP. Their server certificates are verified only together with a
 * client certificate of our own (see {@link PeerTls}), as the wire contract has it: an answer only
 * ever makes this member hold back, never lead; who leads is settled in the store.
 */
final class HttpPeers implements Peers {

    /** Enough for any status document; more is not one. */
    private static final int MAX_BODY_BYTES = 1 << 20;

    private final HttpClient client;
    private final LoopClock clock;
    private final Supplier<Optional<String>> authorization;
    private final Supplier<ClientSSLOptions> tls;

    /**
     * @param authorization value of the {@code Authorization} header, if the members want one;
     *     asked at each call, so that a new configuration counts at once
     * @param tls see {@link PeerTls}; asked at each call too
     */
    HttpPeers(
            Vertx vertx,
            LoopClock clock,
            Supplier<Optional<String>> authorization,
            Supplier<ClientSSLOptions> tls) {
        this.client =
                vertx.createHttpClient(
                        new HttpClientOptions().setConnectTimeout(1_000).setKeepAlive(false));
        this.tls = tls;
        this.clock = clock;
        this.authorization = authorization;
    }

    @Override
    public Future<SortedMap<MemberName, PeerAnswer>> ask(List<Member> members, Duration limit) {
        SortedMap<MemberName, PeerAnswer> answers = new TreeMap<>();
        List<Future<PeerAnswer>> questions = new ArrayList<>();
        for (Member member : members) {
            questions.add(
                    ask(member, limit).onSuccess(answer -> answers.put(member.name(), answer)));
        }
        return Future.join(questions).map(_ -> answers);
    }

    private Future<PeerAnswer> ask(Member member, Duration limit) {
        return get(member, "?fresh=true", limit)
                .map(body ->
                        body.length() > MAX_BODY_BYTES
                                ? new PeerAnswer.Unreachable("its answer is too long")
                                : PeerDocument.read(body.toString()))
                .otherwise(failure -> new PeerAnswer.Unreachable(message(failure)));
    }

    @Override
    public Future<Optional<Lease>> askLease(Member leader, Duration limit) {
        return get(leader, "", limit)
                .map(body ->
                        body.length() > MAX_BODY_BYTES
                                ? Optional.<Lease>empty()
                                : PeerDocument.lease(body.toString()))
                .otherwise(Optional.empty());
    }

    private Future<Buffer> get(Member member, String query, Duration limit) {
        String url = member.addresses().apiUrl().orElse("");
        RequestOptions request;
        try {
            request =
                    new RequestOptions()
                            .setSslOptions(tls.get())
                            .setMethod(HttpMethod.GET)
                            .setAbsoluteURI(url + query)
                            .setTimeout(limit.toMillis());
        } catch (VertxException | IllegalArgumentException nonsense) {
            return Future.failedFuture(
                    new IllegalArgumentException("api_url \"" + url + "\" is no URL", nonsense));
        }
        identify(request);
        Future<Buffer> body =
                opened(request).compose(open -> open.send()).compose(response -> response.body());
        return Within.limit(
                body,
                limit,
                clock,
                () -> new IllegalStateException("no answer in " + limit.toMillis() + " ms"));
    }

    @Override
    public Future<SortedMap<MemberName, FailsafeReply>> askFailsafe(
            SortedMap<MemberName, String> members, FailsafeCall call, Duration limit) {
        SortedMap<MemberName, FailsafeReply> replies = new TreeMap<>();
        List<Future<FailsafeReply>> questions = new ArrayList<>();
        members.forEach((name, url) ->
                questions.add(
                        askFailsafe(url, call, limit)
                                .onSuccess(reply -> replies.put(name, reply))));
        return questions.isEmpty()
                ? Future.succeededFuture(replies)
                : Future.join(questions).map(_ -> replies);
    }

    private Future<FailsafeReply> askFailsafe(String url, FailsafeCall call, Duration limit) {
        RequestOptions request;
        try {
            request =
                    new RequestOptions()
                            .setSslOptions(tls.get())
                            .setMethod(HttpMethod.POST)
                            .setAbsoluteURI(URI.create(url).resolve("/failsafe").toString())
                            .setTimeout(limit.toMillis());
        } catch (VertxException | IllegalArgumentException nonsense) {
            return Future.succeededFuture(
                    new FailsafeReply.Refused("its address \"" + url + "\" is no URL"));
        }
        identify(request);
        request.putHeader("Content-Type", "application/json");
        Future<FailsafeReply> reply =
                opened(request)
                        .compose(open -> open.send(Buffer.buffer(FailsafeDocument.write(call))))
                        .compose(response ->
                                response.body()
                                        .map(body ->
                                                FailsafeDocument.reply(
                                                        response.statusCode(),
                                                        body.toString(),
                                                        response::getHeader)));
        return Within.limit(
                        reply,
                        limit,
                        clock,
                        () -> new IllegalStateException("no answer in " + limit.toMillis() + " ms"))
                .otherwise(failure -> new FailsafeReply.Refused(message(failure)));
    }

    private void identify(RequestOptions request) {
        request.putHeader("User-Agent", Versions.USER_AGENT);
        authorization.get().ifPresent(value -> request.putHeader("Authorization", value));
    }

    /** Vert.x throws at some addresses, such as one without a host, instead of failing. */
    private Future<HttpClientRequest> opened(RequestOptions request) {
        return Future.succeededFuture(request).compose(client::request);
    }

    private static String message(Throwable failure) {
        String message = failure.getMessage();
        return message == null ? failure.getClass().getSimpleName() : message;
    }

    Future<Void> close() {
        return client.close();
    }
}
