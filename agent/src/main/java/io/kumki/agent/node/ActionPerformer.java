package io.kumki.agent.node;

import io.kumki.agent.ha.Action;
import io.kumki.agent.ha.Histories;
import io.kumki.agent.ha.Situation;
import io.kumki.agent.ha.SlotChange;
import io.kumki.agent.postgres.OperationResult;
import io.kumki.agent.postgres.PostgresServer;
import io.kumki.dcs.ClusterStore;
import io.kumki.dcs.WriteOutcome;
import io.kumki.dcs.cluster.ClusterStatus;
import io.kumki.dcs.cluster.FailoverRequest;
import io.kumki.dcs.cluster.Leadership;
import io.kumki.dcs.cluster.Lsn;
import io.kumki.dcs.cluster.MemberName;
import io.kumki.restapi.NodeControl.FailsafeCall;
import io.vertx.core.AsyncResult;
import io.vertx.core.Future;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.function.Consumer;
import java.util.function.IntConsumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Carries out one action; each is one port call. */
final class ActionPerformer {

    private static final Logger LOG = LoggerFactory.getLogger(ActionPerformer.class);

    /** A small file of the data directory is read within this, or the disk is in trouble. */
    private static final Duration LOCAL_LIMIT = Duration.ofSeconds(2);

    private final MemberName self;
    private final LoopClock clock;
    private final ClusterStore store;
    private final PostgresServer server;
    private final ConfigurationSource config;
    private final LeaseKeeper lease;
    private final OperationRunner operations;
    private final CommandDesk commands;
    private final Consumer<Action.Exit> onExit;
    private final IntConsumer onCheckpoint;
    private final Peers peers;
    private final FailsafePromise promise;
    private final Consumer<SortedMap<MemberName, Lsn>> onPositions;
    private boolean checkpointRuns;
    private boolean slotsAreChanging;
    private boolean replayIsResuming;

    /** How an action ended. */
    sealed interface Outcome {
        record Done() implements Outcome {}

        /** Its condition didn't hold, or it couldn't begin. */
        record Refused(String why) implements Outcome {}

        /** The store fell silent: it may have been done. */
        record StoreSilent(String why) implements Outcome {}

        default String text() {
            return switch (this) {
                case Done() -> "done";
                case Refused(String why) -> "refused: " + why;
                case StoreSilent(String why) -> "store silent: " + why;
            };
        }
    }

    private static final Outcome DONE = new Outcome.Done();

    ActionPerformer(
            MemberName self,
            LoopParts parts,
            LeaseKeeper lease,
            OperationRunner operations,
            CommandDesk commands,
            FailsafePromise promise,
            Consumer<SortedMap<MemberName, Lsn>> onPositions,
            IntConsumer onCheckpoint) {
        this.self = self;
        this.clock = parts.clock();
        this.store = parts.store();
        this.server = parts.server();
        this.config = parts.config();
        this.onExit = parts.onExit();
        this.lease = lease;
        this.operations = operations;
        this.commands = commands;
        this.onCheckpoint = onCheckpoint;
        this.peers = parts.peers();
        this.promise = promise;
        this.onPositions = onPositions;
    }

    Future<Outcome> perform(Action action, Situation s) {
        return attempt(action, s)
                .otherwise(
                        failure -> new Outcome.StoreSilent(String.valueOf(failure.getMessage())));
    }

    private Future<Outcome> attempt(Action action, Situation s) {
        return switch (action) {
            case Action.AskMembers _ -> done();
            case Action.Start(var operation) -> {
                if (!operations.start(operation, () -> lease.unproven(clock.nanos()))) {
                    yield Future.succeededFuture(
                            new Outcome.Refused("another operation has just begun"));
                }
                commands.accepted(operation);
                yield done();
            }
            case Action.Fence() -> {
                operations.fence();
                yield done();
            }
            case Action.CancelOperation() -> {
                operations.cancel();
                yield done();
            }
            case Action.AcquireLeadership() -> acquire(s);
            case Action.ReleaseLeadership(var lsn) -> release(s, lsn.orElse(null));
            case Action.BeginBootstrap() -> written(store.beginBootstrap());
            case Action.CancelBootstrap() -> written(store.cancelBootstrap());
            case Action.TakeLeadAfterBootstrap() -> written(lease.takeAfterBootstrap());
            case Action.RecordIdentifier(String identifier, boolean onlyIfAbsent) ->
                    written(store.putInitialize(identifier, onlyIfAbsent));
            case Action.WriteOwnConfig() ->
                    written(store.putConfig(config.ownDynamicConfig(), OptionalLong.empty()));
            case Action.ClearRequest(OptionalLong revision) ->
                    store.putFailover(FailoverRequest.NONE, revision)
                            .map(outcome ->
                                    outcome instanceof WriteOutcome.Rejected
                                            ? DONE // another request took its place
                                            : outcome(outcome));
            case Action.RefuseCommand(var refusal) -> {
                commands.refused(refusal);
                yield done();
            }
            case Action.RefreshLease() -> lease.refresh().map(DONE);
            case Action.AskFailsafe ask -> askFailsafe(ask, s);
            case Action.PublishFailsafe(var members) -> written(store.putFailsafe(self, members));
            case Action.PublishMember(var member) ->
                    lease.leaseId().isPresent()
                            ? written(store.putMember(member, lease.leaseId().getAsLong()))
                            : Future.succeededFuture(new Outcome.Refused("no lease yet"));
            case Action.PublishStatus(var status) -> written(store.putStatus(status));
            case Action.PublishHistory(int timeline) ->
                    Within.limit(
                                    server.history(timeline),
                                    LOCAL_LIMIT,
                                    clock,
                                    () -> new IllegalStateException("the disk doesn't answer"))
                            .map(local ->
                                    Histories.merge(
                                            local,
                                            s.cluster().history(),
                                            self,
                                            timeline,
                                            s.settings().maxTimelinesHistory()))
                            .transform(history ->
                                    history.succeeded()
                                            ? written(store.putHistory(history.result()))
                                            : unreadable(timeline, history.cause()));
            case Action.CheckpointAfterPromote(int timeline) -> {
                checkpoint(timeline);
                yield done();
            }
            case Action.WriteSync(var state, long revision) ->
                    written(store.putSync(state, OptionalLong.of(revision)));
            case Action.DeleteSync(long revision) ->
                    written(store.deleteSync(OptionalLong.of(revision)));
            case Action.SetSyncNames(var value) -> local(server.setSynchronousStandbyNames(value));
            case Action.HoldClientsOff() -> local(server.holdClientsOff());
            case Action.AdmitClients() -> local(server.admitClients());
            case Action.ResumeReplay() -> {
                resumeReplay();
                yield done();
            }
            case Action.ReconcileSlots(var changes) -> {
                reconcile(changes);
                yield done();
            }
            case Action.Exit exit -> {
                onExit.accept(exit);
                yield done();
            }
        };
    }

    /** Small files of the server's, and a signal. */
    private Future<Outcome> local(Future<OperationResult> work) {
        return Within.limit(
                        work,
                        LOCAL_LIMIT,
                        clock,
                        () -> new IllegalStateException("the disk doesn't answer"))
                .transform(ActionPerformer::told);
    }

    /** Who promised to leave the lead to another one keeps to it, whatever a rule says. */
    private Future<Outcome> acquire(Situation s) {
        Optional<MemberName> promised = promise.leader(clock.nanos());
        if (promised.isPresent()) {
            return Future.succeededFuture(
                    new Outcome.Refused(
                            "in failsafe mode this member agreed that "
                                    + promised.get()
                                    + " goes on as leader"));
        }
        promise.asksForKey();
        return written(lease.acquire(s.cluster().revision()));
    }

    private Future<Outcome> askFailsafe(Action.AskFailsafe ask, Situation s) {
        long sent = clock.nanos();
        FailsafeCall call =
                new FailsafeCall(
                        self,
                        s.self().addresses().connUrl().orElse(""),
                        s.self().addresses().apiUrl().orElse(""),
                        Optional.of(ask.slots()));
        return peers.askFailsafe(ask.members(), call, ask.limit())
                .map(replies -> agreed(ask, replies, sent, s.settings().timing().ttl()));
    }

    private Outcome agreed(
            Action.AskFailsafe ask,
            SortedMap<MemberName, Peers.FailsafeReply> replies,
            long sent,
            Duration ttl) {
        Duration promised = ttl;
        SortedMap<MemberName, Lsn> positions = new TreeMap<>();
        for (MemberName name : ask.members().keySet()) {
            switch (replies.get(name)) {
                case Peers.FailsafeReply.Agreed yes -> {
                    Duration theirs = yes.promised().orElse(ttl);
                    promised = theirs.compareTo(promised) < 0 ? theirs : promised;
                    yes.position().ifPresent(lsn -> positions.put(name, lsn));
                }
                case Peers.FailsafeReply.Refused(String why) -> {
                    return new Outcome.Refused(name + " doesn't agree: " + why);
                }
                case null -> {
                    return new Outcome.Refused(name + " gave no answer");
                }
            }
        }
        if (!lease.keep(sent, promised, clock.nanos())) {
            return new Outcome.Refused("they agreed after the lease had ended");
        }
        onPositions.accept(positions);
        return DONE;
    }

    /** The final position first, then the key: who takes over must see how far the log goes. */
    private Future<Outcome> release(Situation s, @Nullable Lsn lsn) {
        if (!(s.cluster().leadership() instanceof Leadership.Held held)) {
            return Future.succeededFuture(
                    new Outcome.Refused("whether this member holds the key isn't known"));
        }
        Future<WriteOutcome> position =
                lsn == null
                        ? Future.succeededFuture(new WriteOutcome.Applied(0))
                        : store.putStatus(
                                new ClusterStatus(
                                        Optional.of(lsn),
                                        s.cluster().status().slots(),
                                        s.cluster().status().retainSlots()));
        return position.compose(_ -> written(store.releaseLeader(self, held.createRevision())));
    }

    /** Runs beside everything else: it may take long, and nothing waits for it. */
    private void checkpoint(int timeline) {
        if (checkpointRuns) {
            return;
        }
        checkpointRuns = true;
        server.checkpointedOn(timeline)
                .compose(already ->
                        already
                                ? Future.succeededFuture(true)
                                : server.checkpoint().map(result -> result.done()))
                .onComplete(result -> {
                    checkpointRuns = false;
                    if (result.succeeded() && result.result()) {
                        onCheckpoint.accept(timeline);
                    } else {
                        LOG.atWarn()
                                .addKeyValue("timeline", timeline)
                                .addKeyValue("error", String.valueOf(result.cause()))
                                .log("checkpoint after promotion failed, tried again next turn");
                    }
                });
    }

    /** Beside the turn: nothing waits for it, and the next turn sees what came of it. */
    private void resumeReplay() {
        if (replayIsResuming) {
            return;
        }
        replayIsResuming = true;
        server.resumeReplay()
                .onComplete(result -> {
                    replayIsResuming = false;
                    LOG.atWarn()
                            .addKeyValue("member", self)
                            .addKeyValue(
                                    "reason", result.succeeded() ? result.result() : result.cause())
                            .log(
                                    "replay stood paused, as it does when the primary was started"
                                            + " with more connections or workers than this"
                                            + " standby: it goes on, or the standby is restarted"
                                            + " with as many; who wants it paused needs"
                                            + " maintenance mode");
                });
    }

    /**
     * Beside the turn as well: a slot that can't be moved takes its statement's limit, and the
     * lease must be renewed meanwhile.
     */
    private void reconcile(List<SlotChange> changes) {
        if (slotsAreChanging) {
            return;
        }
        slotsAreChanging = true;
        server.reconcileSlots(changes)
                .onComplete(result -> {
                    slotsAreChanging = false;
                    if (result.failed()) {
                        LOG.atWarn()
                                .addKeyValue("error", String.valueOf(result.cause()))
                                .log("slots could not be changed, tried again next turn");
                    }
                });
    }

    /** Not the store's fault: whatever else is due this turn is done. */
    private static Future<Outcome> unreadable(int timeline, Throwable cause) {
        LOG.atWarn()
                .addKeyValue("timeline", timeline)
                .addKeyValue("error", String.valueOf(cause.getMessage()))
                .log("the history of the timeline can't be read, tried again next turn");
        return Future.succeededFuture(
                new Outcome.Refused("history of timeline " + timeline + " can't be read"));
    }

    private static Future<Outcome> told(AsyncResult<OperationResult> result) {
        if (result.succeeded() && result.result().done()) {
            return done();
        }
        String why =
                result.succeeded()
                        ? String.valueOf(result.result())
                        : String.valueOf(result.cause().getMessage());
        LOG.atWarn()
                .addKeyValue("error", why)
                .log("synchronous_standby_names could not be set, tried again next turn");
        return Future.succeededFuture(new Outcome.Refused(why));
    }

    private static Future<Outcome> done() {
        return Future.succeededFuture(DONE);
    }

    private static Future<Outcome> written(Future<WriteOutcome> write) {
        return write.map(ActionPerformer::outcome);
    }

    private static Outcome outcome(WriteOutcome outcome) {
        return switch (outcome) {
            case WriteOutcome.Applied _ -> DONE;
            case WriteOutcome.Rejected(String reason) -> new Outcome.Refused(reason);
            case WriteOutcome.Unknown(String reason) -> new Outcome.StoreSilent(reason);
        };
    }
}
