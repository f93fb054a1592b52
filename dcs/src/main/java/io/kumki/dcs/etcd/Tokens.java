package io.kumki.dcs.etcd;

import com.google.protobuf.ByteString;
import io.etcd.jetcd.api.AuthGrpc;
import io.etcd.jetcd.api.AuthenticateRequest;
import io.etcd.jetcd.api.AuthenticateResponse;
import io.grpc.Status;
import io.kumki.dcs.etcd.EtcdConfig.Credentials;
import io.vertx.core.Context;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import java.time.Duration;
import java.util.Locale;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The token that etcd gives for user and password. Kept until etcd refuses it; asked for once even
 * if several calls need it. Store's context only.
 */
final class Tokens {

    private static final Logger LOG = LoggerFactory.getLogger(Tokens.class);

    /** etcd hashes the password slowly on purpose. */
    private static final Duration SLOWEST_HASH = Duration.ofSeconds(1);

    private final Optional<Credentials> credentials;
    private final Context context;
    private @Nullable String token;
    private @Nullable Future<String> pending;
    private boolean off;

    Tokens(Optional<Credentials> credentials, Context context) {
        this.credentials = credentials;
        this.context = context;
    }

    /** Whether requests need a token: there is a user, and etcd's authentication isn't off. */
    boolean needed() {
        return credentials.isPresent() && !off;
    }

    /** The token at hand. */
    Optional<String> current() {
        return Optional.ofNullable(token);
    }

    boolean hasCredentials() {
        return credentials.isPresent();
    }

    /** The token was refused, or one is demanded after all. */
    void forget() {
        token = null;
        off = false;
    }

    /** The token, asked from {@code endpoint} if there is none. */
    Future<String> token(Endpoint endpoint, Duration tryTime) {
        if (token != null) {
            return Future.succeededFuture(token);
        }
        if (pending == null) {
            pending =
                    authenticate(endpoint, credentials.orElseThrow(), tryTime)
                            .andThen(_ -> pending = null);
        }
        return pending;
    }

    private Future<String> authenticate(Endpoint endpoint, Credentials user, Duration tryTime) {
        Promise<String> promise = Promise.promise();
        AuthenticateRequest request =
                AuthenticateRequest.newBuilder()
                        .setNameBytes(ByteString.copyFromUtf8(user.username()))
                        .setPasswordBytes(ByteString.copyFromUtf8(user.password()))
                        .build();
        OneShot.send(
                endpoint.channel(),
                AuthGrpc.getAuthenticateMethod(),
                request,
                Optional.empty(),
                tryTime.plus(SLOWEST_HASH),
                new OneShot.Outcome<AuthenticateResponse>() {
                    @Override
                    public void answered(AuthenticateResponse answer) {
                        context.runOnContext(_ -> {
                            token = answer.getToken();
                            promise.complete(answer.getToken());
                        });
                    }

                    @Override
                    public void failed(Status status, boolean sent) {
                        context.runOnContext(_ -> refused(endpoint, status, sent, promise));
                    }
                });
        return promise.future();
    }

    private void refused(Endpoint endpoint, Status status, boolean sent, Promise<String> promise) {
        Trouble trouble = Trouble.of(status, sent);
        if (trouble.text().toLowerCase(Locale.ROOT).contains("authentication is not enabled")) {
            LOG.atWarn()
                    .addKeyValue("endpoint", endpoint)
                    .log("etcd's authentication is not enabled: user and password are not used");
            off = true;
            promise.complete("");
            return;
        }
        promise.fail(
                new EtcdCallException(
                        trouble,
                        "etcd at " + endpoint + " refused to authenticate: " + trouble.text()));
    }
}
