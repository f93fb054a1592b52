package io.kumki.dcs.etcd;

import io.etcd.jetcd.api.Event;
import io.etcd.jetcd.api.RangeRequest;
import io.etcd.jetcd.api.WatchResponse;
import io.kumki.dcs.ClusterStore.Change;
import io.kumki.dcs.ClusterStore.ChangeListener;
import io.kumki.dcs.cluster.MemberName;
import io.kumki.dcs.etcd.EtcdCalls.Repeat;
import io.vertx.core.Context;
import io.vertx.core.Vertx;
import java.time.Duration;
import java.util.Optional;
import java.util.function.LongSupplier;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Keeps one watch on the cluster's keys alive.
 *
 * <p>A watch starts right after the revision of the last full read. When its stream ends, is
 * cancelled, or is silent although it was asked for a sign of life, it is given up; the store's
 * revision is asked anew (of whichever endpoint answers) and a new watch starts right after it, on
 * that endpoint. What lay between isn't known, so {@link Change#ANY} is reported. Store's context
 * only.
 */
final class ClusterWatch implements WatchStream.Receiver {

    private static final Logger LOG = LoggerFactory.getLogger(ClusterWatch.class);

    private static final Duration PROGRESS_INTERVAL = Duration.ofSeconds(5);

    /** From the question for a sign of life to its answer. */
    private static final Duration SILENCE_LIMIT = Duration.ofSeconds(2);

    /** What etcd says to a watch whose token it doesn't know any more. */
    private static final Pattern STALE_TOKEN =
            Pattern.compile("permission denied|invalid auth token|user name is empty|auth store");

    private static final Duration FIRST_PAUSE = Duration.ofMillis(50);
    private static final Duration LONGEST_PAUSE = Duration.ofSeconds(1);

    private final Vertx vertx;
    private final Context context;
    private final EtcdCalls calls;
    private final Endpoints endpoints;
    private final Tokens tokens;
    private final String prefix;
    private final LongSupplier nanoClock;

    private @Nullable Context listenerContext;
    private @Nullable ChangeListener listener;
    private @Nullable WatchStream stream;
    private boolean created;
    private boolean lost;
    private boolean closed;
    private Duration pause = FIRST_PAUSE;
    private long lastHeardNanos;
    private long askedNanos;
    private boolean asked;
    private long timer = -1;

    ClusterWatch(
            Vertx vertx,
            Context context,
            EtcdCalls calls,
            Endpoints endpoints,
            Tokens tokens,
            String prefix,
            LongSupplier nanoClock) {
        this.vertx = vertx;
        this.context = context;
        this.calls = calls;
        this.endpoints = endpoints;
        this.tokens = tokens;
        this.prefix = prefix;
        this.nanoClock = nanoClock;
    }

    /**
     * @param readRevision of the last full read, 0 if there was none
     */
    void start(ChangeListener newListener, Context newListenerContext, long readRevision) {
        listener = newListener;
        listenerContext = newListenerContext;
        if (stream != null || timer >= 0) {
            return; // only another listener
        }
        timer = vertx.setPeriodic(SILENCE_LIMIT.toMillis() / 2, _ -> checkAlive());
        if (readRevision > 0) {
            open(endpoints.preferred(), readRevision + 1);
        } else {
            askRevision();
        }
    }

    void close() {
        closed = true;
        if (timer >= 0) {
            vertx.cancelTimer(timer);
        }
        if (stream != null) {
            stream.cancel();
            stream = null;
        }
    }

    /** Somebody got no answer from this endpoint: is the watch on it still alive? */
    void suspect(Endpoint endpoint) {
        if (stream != null && stream.endpoint() == endpoint && !asked) {
            ask();
        }
    }

    private void askRevision() {
        if (closed) {
            return;
        }
        RangeRequest request =
                RangeRequest.newBuilder()
                        .setKey(EtcdApi.bytes(prefix))
                        .setRangeEnd(EtcdApi.endOf(prefix))
                        .setCountOnly(true)
                        .build();
        calls.call(EtcdApi.RANGE, request, Repeat.FREELY, calls.deadlineNanos())
                .onSuccess(answer ->
                        open(endpoints.preferred(), answer.message().getHeader().getRevision() + 1))
                .onFailure(failure -> later());
    }

    private void open(Endpoint endpoint, long revision) {
        if (closed) {
            return;
        }
        created = false;
        asked = false;
        lastHeardNanos = nanoClock.getAsLong();
        stream = WatchStream.open(endpoint, prefix, revision, token(), this);
    }

    private Optional<String> token() {
        return tokens.needed()
                ? tokens.current().filter(text -> !text.isEmpty())
                : Optional.empty();
    }

    @Override
    public void received(WatchStream from, WatchResponse response) {
        context.runOnContext(_ -> {
            if (from == stream) {
                heard(response);
            }
        });
    }

    @Override
    public void ended(WatchStream from, String reason) {
        context.runOnContext(_ -> {
            if (from == stream) {
                giveUp(reason);
            }
        });
    }

    private void heard(WatchResponse response) {
        lastHeardNanos = nanoClock.getAsLong();
        asked = false;
        if (response.getCanceled() || response.getCompactRevision() != 0) {
            giveUp(
                    "cancelled by etcd: "
                            + (response.getCompactRevision() != 0
                                    ? "compacted up to " + response.getCompactRevision()
                                    : response.getCancelReason()));
            return;
        }
        if (response.getCreated() && !created) {
            created = true;
            pause = FIRST_PAUSE;
            if (lost) {
                lost = false;
                LOG.atInfo()
                        .addKeyValue("endpoint", endpoints.preferred())
                        .log("watch on etcd resumed");
                tell(Change.ANY, Optional.empty());
            }
        }
        response.getEventsList().forEach(this::tell);
    }

    private void tell(Event event) {
        String name = event.getKv().getKey().toStringUtf8().substring(prefix.length());
        Change change = change(name);
        boolean knownMember =
                change == Change.MEMBER
                        && event.getType() == Event.EventType.PUT
                        && event.getKv().getCreateRevision() != event.getKv().getModRevision();
        if (knownMember) {
            change = Change.OTHER;
        }
        boolean leaderGone = change == Change.LEADER && event.getType() == Event.EventType.DELETE;
        tell(
                change,
                leaderGone
                        ? Optional.of(event.getPrevKv().getValue().toStringUtf8())
                                .filter(holder -> !holder.isBlank() && holder.indexOf('/') < 0)
                                .map(MemberName::new)
                        : Optional.empty());
    }

    private void tell(Change change, Optional<MemberName> leaderGone) {
        ChangeListener told = listener;
        if (told != null && listenerContext != null) {
            listenerContext.runOnContext(_ -> told.changed(change, leaderGone));
        }
    }

    private static Change change(String name) {
        return switch (name) {
            case "leader" -> Change.LEADER;
            case "config" -> Change.CONFIG;
            case "status", "optime/leader" -> Change.STATUS;
            case "failover" -> Change.FAILOVER;
            case "sync" -> Change.SYNC;
            case "initialize" -> Change.INITIALIZE;
            default ->
                    name.startsWith("members/") && ViewReader.memberName(name).isPresent()
                            ? Change.MEMBER
                            : Change.OTHER;
        };
    }

    private void checkAlive() {
        if (stream == null) {
            return;
        }
        long now = nanoClock.getAsLong();
        if (asked || !created) {
            long since = asked ? askedNanos : lastHeardNanos;
            if (now - since >= SILENCE_LIMIT.toNanos()) {
                endpoints.failed(stream.endpoint());
                giveUp("silent for " + (now - lastHeardNanos) / 1_000_000 + " ms");
            }
        } else if (now - lastHeardNanos >= PROGRESS_INTERVAL.toNanos()) {
            ask();
        }
    }

    private void ask() {
        if (stream != null) {
            asked = true;
            askedNanos = nanoClock.getAsLong();
            stream.askProgress();
        }
    }

    private void giveUp(String reason) {
        WatchStream old = stream;
        stream = null;
        if (old == null || closed) {
            return;
        }
        old.cancel();
        if (!lost) {
            lost = true;
            LOG.atWarn()
                    .addKeyValue("endpoint", old.endpoint())
                    .addKeyValue("error", reason)
                    .log("watch on etcd lost, starting a new one");
        }
        if (STALE_TOKEN.matcher(reason).find()) {
            tokens.forget();
        }
        later();
    }

    private void later() {
        long wait = pause.toMillis();
        Duration doubled = pause.multipliedBy(2);
        pause = doubled.compareTo(LONGEST_PAUSE) < 0 ? doubled : LONGEST_PAUSE;
        vertx.setTimer(wait, _ -> askRevision());
    }
}
