package io.kumki.agent.node;

import io.kumki.agent.ha.Action;
import io.kumki.agent.ha.Aftermath;
import io.kumki.agent.ha.Decision;
import io.kumki.agent.ha.Durations;
import io.kumki.agent.ha.Following;
import io.kumki.agent.ha.LocalServer;
import io.kumki.agent.ha.Memory;
import io.kumki.agent.ha.Operation;
import io.kumki.agent.ha.OperationOutcome;
import io.kumki.agent.ha.OperatorCommand;
import io.kumki.agent.ha.PeerAnswer;
import io.kumki.agent.ha.Self;
import io.kumki.agent.ha.Situation;
import io.kumki.agent.ha.StandbyTarget;
import io.kumki.agent.ha.Upkeep;
import io.kumki.dcs.ClusterStore;
import io.kumki.dcs.WriteOutcome;
import io.kumki.dcs.cluster.ClusterSettings;
import io.kumki.dcs.cluster.ClusterView;
import io.kumki.dcs.cluster.DynamicConfig;
import io.kumki.dcs.cluster.Leadership;
import io.kumki.dcs.cluster.Lsn;
import io.kumki.dcs.cluster.Member;
import io.kumki.dcs.cluster.MemberName;
import io.kumki.dcs.cluster.ScheduledRestart;
import io.kumki.restapi.DecisionEntry;
import io.kumki.restapi.EventJournal;
import io.kumki.restapi.LoopMetrics;
import io.kumki.restapi.NodeControl.FailsafeAnswer;
import io.kumki.restapi.NodeControl.FailsafeCall;
import io.kumki.restapi.NodeEvent;
import io.kumki.restapi.NodeSnapshot;
import io.kumki.restapi.WatchdogMetrics;
import io.vertx.core.Future;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The loop that keeps one member right: look, decide, act, tell.
 *
 * <ol>
 *   <li>A lease that ran out is looked at first, before any queued event and without asking
 *       anybody.
 *   <li>Read the store and observe the server, at once.
 *   <li>Renew the lead, if the store says that it is ours.
 *   <li>Decide; if the rules want other members' answers, ask and decide again.
 *   <li>Perform the actions in order, up to the first that fails; only a complete decision is
 *       remembered.
 *   <li>Do the upkeep, publish, wait.
 * </ol>
 *
 * One context owns everything here: all methods but those marked otherwise run on it. A turn is
 * single-flight; what arrives meanwhile is looked at next. Beside the turns a lease alarm fires
 * when the lease comes to its end, whatever a turn waits for.
 */
public final class HaLoop {

    private static final Logger LOG = LoggerFactory.getLogger(HaLoop.class);

    /** A look at the server takes no longer; its queries have a limit of two seconds themselves. */
    private static final Duration OBSERVE_LIMIT = Duration.ofMillis(2_500);

    /** Peers that don't answer within this count as unreachable: nobody leads, so time counts. */
    private static final Duration ELECTION_ASK_LIMIT = Duration.ofSeconds(1);

    /** While somebody leads, a slow answer is better than none. */
    private static final Duration ASK_LIMIT = Duration.ofSeconds(2);

    /**
     * New members and requests reach a leader at least this late, so that a burst of changes costs
     * one turn.
     */
    private static final Duration MEMBER_CHANGE_DELAY = Duration.ofMillis(200);

    /** What a silent store must leave of a lease, so that the members can still be asked. */
    private static final Duration FAILSAFE_ROUND = Duration.ofSeconds(2);

    private final LoopParts parts;
    private final LoopClock clock;
    private final ClusterStore store;
    private final MemberName me;
    private final LeaseKeeper lease;
    private final OperationRunner operations;
    private final CommandDesk commands = new CommandDesk();
    private final DecisionLog decisions;
    private final ActionPerformer performer;
    private final FailsafePromise promise = new FailsafePromise();
    private final PrimaryWatch primaries;
    private final LoopMeter meter;
    private final EventJournal events;
    private Optional<NodeSnapshot.CloneProgress> toldProgress = Optional.empty();

    private volatile ClusterSettings settings;
    private ClusterView view = ClusterView.EMPTY.silent();
    private volatile Optional<NodeBoard.LastGood> lastGood = Optional.empty();
    private LocalServer server =
            new LocalServer(
                    new LocalServer.DataDirectory.Unreadable("not looked at yet"),
                    LocalServer.Postmaster.RUNNING,
                    Optional.empty(),
                    new TreeMap<>());
    private boolean serverIsStale = true;
    private final QuietView quiet = new QuietView();
    private Memory memory = Memory.FRESH;
    private final RestartSchedule restarts;
    private StandbyTarget comparedTarget = StandbyTarget.NOBODY;
    private boolean followsTarget = true;
    private long configRevision = -1;
    private int checkpointedTimeline;

    /** Create revision of the leader key whose release wasn't answered. */
    private OptionalLong givenUpTerm = OptionalLong.empty();

    private boolean running;
    private boolean turning;
    private boolean wokenMeanwhile;
    private final TurnPace pace;
    private final LeaseAlarm alarm;
    private long nextTurnNanos;
    private final AtomicLong turns = new AtomicLong();
    private final AtomicLong storeFailures = new AtomicLong();
    private volatile long lastTurnNanos;
    private volatile OptionalLong leaseLeftAtRenewal = OptionalLong.empty();
    private Runnable turnEnded = () -> {};
    private @Nullable CrashFile crashFile;
    private LoopClock.@Nullable Timer nextTurn;
    private @Nullable Future<NodeSnapshot> refreshing;
    private volatile NodeSnapshot snapshot;
    private volatile long snapshotNanos;
    private volatile Optional<WatchdogMetrics> watchdog = Optional.empty();

    public HaLoop(LoopParts parts) {
        this.parts = parts;
        this.clock = parts.clock();
        this.store = parts.store();
        this.me = parts.config().self(false).name();
        this.settings = parts.config().initialSettings();
        this.lease = new LeaseKeeper(store, me);
        this.meter = new LoopMeter(clock, me);
        this.restarts = new RestartSchedule(me);
        this.events = new EventJournal(me.value(), clock.wall());
        this.operations =
                new OperationRunner(parts.server(), parts.config(), clock, this::wake, events::add);
        this.decisions = new DecisionLog(me);
        this.performer =
                new ActionPerformer(
                        me,
                        parts,
                        lease,
                        operations,
                        commands,
                        promise,
                        positions -> view = at(view, positions),
                        timeline -> clock.execute(() -> checkpointed(timeline)));
        this.primaries =
                new PrimaryWatch(
                        parts.peers(),
                        clock,
                        () -> situation(Optional.empty()),
                        () -> fresh(Duration.ZERO));
        this.pace = new TurnPace(clock);
        this.alarm =
                new LeaseAlarm(clock, () -> situation(Optional.empty()), this::leaseComesToItsEnd);
        this.snapshot =
                NodeBoard.snapshot(
                        parts.scope(),
                        situation(Optional.empty()),
                        lastGood,
                        restarts.waiting(),
                        pace.planned(),
                        OptionalLong.empty(),
                        List.of());
    }

    /** Before {@link #start}: goes on with the crashes that the agent before this one counted. */
    void keepCrashes(CrashFile file) {
        crashFile = file;
        memory = memory.withCrashes(file.read(clock.nanos()));
    }

    /** Begins to turn. */
    public void start() {
        running = true;
        store.configure(settings.timing());
        store.watch((change, _) -> clock.execute(() -> changed(change)));
        parts.server().onProcessChange(() -> clock.execute(this::wake));
        wake();
    }

    /** Ends all turning at once, without touching the server or the store. */
    public void stop() {
        running = false;
        cancelTimers();
    }

    /**
     * Ends this member cleanly: the server is stopped and the lead given away first; {@code onExit}
     * is told at the end.
     */
    public void requestShutdown() {
        commands.shutdown();
        wake();
    }

    /** Turns now, or as soon as the running turn has ended. */
    public void wake() {
        if (!running) {
            return;
        }
        quiet.disturbed();
        if (turning) {
            wokenMeanwhile = true;
        } else {
            beginTurn();
        }
    }

    CommandDesk commands() {
        return commands;
    }

    /** One restart may wait for its time; false if one does. */
    boolean schedule(ScheduledRestart restart) {
        boolean taken = restarts.add(restart);
        showScheduledRestart();
        return taken;
    }

    /** False if none was scheduled. */
    boolean unschedule() {
        boolean was = restarts.remove();
        showScheduledRestart();
        return was;
    }

    /** Whoever asked for it sees it at once; of the server nothing new is known. */
    private void showScheduledRestart() {
        snapshot = snapshot.withScheduledRestart(restarts.waiting());
        wake();
    }

    private void changed(ClusterStore.Change change) {
        quiet.disturbed();
        switch (change) {
            case LEADER, CONFIG, FAILOVER, INITIALIZE, ANY -> wake();
            case MEMBER -> {
                boolean soon = nextTurnNanos - clock.nanos() <= MEMBER_CHANGE_DELAY.toNanos();
                if (view.leadership().heldBy(me) && !turning && !soon) {
                    scheduleTurn(MEMBER_CHANGE_DELAY);
                }
            }
            case STATUS, SYNC, OTHER -> {}
        }
    }

    // ---- one turn
    // ----------------------------------------------------------------------------------------------------

    private void beginTurn() {
        turning = true;
        wokenMeanwhile = false;
        cancelTimer(nextTurn);
        long begun = pace.begins();
        turn().onComplete(result -> {
            turning = false;
            turns.incrementAndGet();
            lastTurnNanos = clock.nanos() - begun;
            meter.turned(lastTurnNanos);
            Decision.Next next = result.succeeded() ? result.result() : failed(result.cause());
            endTurn(next);
        });
    }

    /**
     * A defect, not an event: the loop goes on, because a primary without a loop loses its lease
     * and then its server.
     */
    private Decision.Next failed(Throwable cause) {
        LOG.atError()
                .addKeyValue("member", me)
                .setCause(cause)
                .log("a turn failed by a defect; please report it");
        return new Decision.Next.After(Duration.ofSeconds(1));
    }

    private Future<Decision.Next> turn() {
        takeResults();
        Situation s = situation(Optional.empty());
        GuardDuty.tell(parts.guard(), s);
        if (!s.leaseRanOut() || s.paused() || fencing(s)) {
            return ordinaryTurn();
        }
        Future<Void> look = serverIsStale ? observe().mapEmpty() : Future.succeededFuture();
        return look.compose(_ -> {
            if (situation(Optional.empty()).couldWrite()) {
                view = view.unreachable("the lease ran out");
                return decideAndAct();
            }
            lease.leadEnded();
            return ordinaryTurn();
        });
    }

    private static boolean fencing(Situation s) {
        return s.ongoing().isPresent()
                && s.ongoing().get().operation() instanceof Operation.FenceStop;
    }

    private Future<Decision.Next> ordinaryTurn() {
        if (!quiet.serves(situation(Optional.empty()))) {
            return freshTurn();
        }
        return observe()
                .compose(_ -> compareTarget())
                .compose(_ -> {
                    Situation s = situation(Optional.empty());
                    boolean goesOn = quiet.serves(s) && QuietView.isIdle(parts.decide().apply(s));
                    return goesOn ? decideAndAct() : freshTurn();
                });
    }

    private Future<Decision.Next> freshTurn() {
        quiet.asks(clock.nanos());
        Future<ClusterView> read = readStore();
        Future<LocalServer> look = observe();
        return Future.join(read.otherwiseEmpty(), look)
                .compose(_ -> {
                    if (read.succeeded()) {
                        accept(read.result());
                        quiet.answered();
                    } else {
                        silent(read.cause());
                    }
                    return finishRelease();
                })
                .compose(_ -> renew())
                .compose(_ -> compareTarget())
                .compose(_ -> decideAndAct());
    }

    private Future<ClusterView> readStore() {
        Duration budget = settings.timing().retryTimeout();
        Situation s = situation(Optional.empty());
        Duration margin =
                settings.failsafeMode() ? s.stopMargin().plus(FAILSAFE_ROUND) : s.stopMargin();
        Duration limit =
                s.leadsByClock() ? Durations.shorter(budget, s.leaseLeft().minus(margin)) : budget;
        Duration atLeast = Duration.ofMillis(100);
        return meter.timed(
                "read",
                Within.limit(
                        store.read(),
                        limit.compareTo(atLeast) < 0 ? atLeast : limit,
                        clock,
                        () ->
                                new IllegalStateException(
                                        "no answer in " + limit.toMillis() + " ms")));
    }

    private void accept(ClusterView fresh) {
        if (lastGood.isEmpty() || view.leadership() instanceof Leadership.Unknown) {
            LOG.atInfo().addKeyValue("member", me).log("etcd answers");
        }
        if (lastGood.isEmpty()) {
            restarts.takeOver(fresh);
        }
        promise.storeShown();
        meter.saw(fresh.leadership());
        view = promise.complete(fresh, clock.nanos());
        lastGood = Optional.of(new NodeBoard.LastGood(fresh, clock.nanos(), clock.wall()));
        fresh.systemIdentifier().ifPresent(parts.server()::clusterIs);
        if (fresh.config().isPresent()) {
            accept(fresh.config().get());
        }
    }

    private void accept(DynamicConfig config) {
        if (config.modRevision() == configRevision) {
            return;
        }
        boolean foreign = dataIsOfAnotherCluster();
        // once it is ours, all of it is due
        configRevision = foreign ? -1 : config.modRevision();
        Duration ttl = settings.timing().ttl();
        settings = parts.config().accept(config, !foreign);
        store.configure(settings.timing());
        if (!settings.timing().ttl().equals(ttl)) {
            lease.ttlChanged();
        }
    }

    private void silent(Throwable cause) {
        storeFailures.incrementAndGet();
        if (!(view.leadership() instanceof Leadership.Unknown)) {
            LOG.atWarn()
                    .addKeyValue("member", me)
                    .addKeyValue("leaseLeftMs", situation(Optional.empty()).leaseLeft().toMillis())
                    .addKeyValue("error", String.valueOf(cause.getMessage()))
                    .log("etcd is silent");
        }
        view = promise.complete(view.silent(), clock.nanos());
        quiet.disturbed();
    }

    private Future<LocalServer> observe() {
        return Within.limit(
                        parts.server().observe(),
                        OBSERVE_LIMIT,
                        clock,
                        () -> new IllegalStateException("the server can't be observed"))
                .otherwise(failure -> {
                    LOG.atWarn()
                            .addKeyValue("member", me)
                            .addKeyValue("error", String.valueOf(failure.getMessage()))
                            .log("the local server could not be observed");
                    return new LocalServer(
                                    server.data(),
                                    server.postmaster(),
                                    Optional.empty(),
                                    server.pendingRestart())
                            .withHealth(server.health())
                            .withClientsHeldOff(server.clientsHeldOff());
                })
                .onSuccess(this::observed);
    }

    private void observed(LocalServer now) {
        server = now;
        serverIsStale = false;
        if (now.running()
                && now.answer().isPresent()
                && operations.ongoing().isEmpty()
                && memory.bootstrap() instanceof Memory.BootstrapStage.None) {
            operations.adopted(now.primary());
        }
        // a watchdog is disarmed as soon as the server is seen to have ended, not a turn later
        if (running) {
            GuardDuty.tell(parts.guard(), situation(Optional.empty()));
        }
    }

    /** Whether a running standby follows whom it should; until that is known it counts as right. */
    private Future<Void> compareTarget() {
        if (!server.standby() || operations.ongoing().isPresent()) {
            return Future.succeededFuture();
        }
        StandbyTarget target = Following.target(situation(Optional.empty()));
        return Within.limit(
                        parts.server().follows(target),
                        OBSERVE_LIMIT,
                        clock,
                        () -> new IllegalStateException("the settings can't be read"))
                .otherwise(true)
                .map(follows -> {
                    comparedTarget = target;
                    followsTarget = follows;
                    return null;
                });
    }

    private Future<Void> renew() {
        if (!(view.leadership() instanceof Leadership.Held held) || !held.holder().equals(me)) {
            if (!situation(Optional.empty()).couldWrite()
                    && !(view.leadership() instanceof Leadership.Unknown)) {
                lease.leadEnded();
            }
            return Future.succeededFuture();
        }
        long left = situation(Optional.empty()).leaseLeft().toNanos();
        leaseLeftAtRenewal = OptionalLong.of(left);
        meter.renews(left);
        Duration limit = settings.timing().retryTimeout();
        return meter.timed(
                        "renew",
                        Within.limit(
                                lease.renew(held),
                                limit,
                                clock,
                                () -> new IllegalStateException("no answer to the renewal")))
                .otherwise(LeaseKeeper.Renewal.UNKNOWN)
                .map(renewal -> {
                    if (renewal == LeaseKeeper.Renewal.UNKNOWN) {
                        silent(new IllegalStateException("the lease could not be renewed"));
                    } else if (renewal == LeaseKeeper.Renewal.LOST) {
                        view = view.unreachable("the leader key moved while the lease was renewed");
                        wokenMeanwhile = true;
                    }
                    setLeaseAlarm();
                    return null;
                });
    }

    private Future<Decision.Next> decideAndAct() {
        scheduledRestartIfDue();
        Situation s = situation(Optional.empty());
        if (s.server().primary() && s.iHoldKey() && s.leadsByClock()) {
            meter.writable();
        }
        Decision first = parts.decide().apply(s);
        List<Member> questions = first.questions();
        if (questions.isEmpty()) {
            return act(s, first);
        }
        memory = first.memory();
        return parts.peers()
                .ask(questions, s.vacant() ? ELECTION_ASK_LIMIT : ASK_LIMIT)
                .compose(answers -> {
                    Situation asked = situation(Optional.of(answers));
                    return act(asked, parts.decide().apply(asked));
                });
    }

    private Future<Decision.Next> act(Situation s, Decision decision) {
        return performInOrder(s, decision.actions(), 0)
                .compose(outcome -> {
                    boolean complete =
                            outcome instanceof ActionPerformer.Outcome.Done
                                    && decision.questions().isEmpty();
                    if (complete) {
                        memory = decision.memory();
                    }
                    String leader = view.leader().map(MemberName::value).orElse("");
                    note(s, decision, outcome, leader);
                    publish();
                    if (!QuietView.isIdle(decision)) {
                        quiet.disturbed();
                    }
                    boolean silent = outcome instanceof ActionPerformer.Outcome.StoreSilent;
                    Decision.Next next =
                            complete ? decision.next() : new Decision.Next.After(TurnPace.BREATH);
                    return silent
                            ? Future.succeededFuture(next)
                            : upkeep().map(again -> sooner(next, again));
                });
    }

    private void note(
            Situation s, Decision decision, ActionPerformer.Outcome outcome, String leader) {
        Instant now = clock.wall();
        decisions
                .note(now, decision, outcome.text(), leader, s.leaseLeft().toMillis())
                .ifPresent(fresh -> events.add(now, new NodeEvent.Decided(fresh)));
    }

    private Future<ActionPerformer.Outcome> performInOrder(
            Situation s, List<Action> actions, int index) {
        if (index >= actions.size()) {
            return Future.succeededFuture(new ActionPerformer.Outcome.Done());
        }
        Action action = actions.get(index);
        return performer
                .perform(action, s)
                .compose(outcome -> {
                    afterAction(action, outcome);
                    return outcome instanceof ActionPerformer.Outcome.Done
                            ? performInOrder(s, actions, index + 1)
                            : Future.succeededFuture(outcome);
                });
    }

    private void afterAction(Action action, ActionPerformer.Outcome outcome) {
        switch (action) {
            case Action.AcquireLeadership() -> {
                if (outcome instanceof ActionPerformer.Outcome.Done) {
                    meter.elected();
                }
                setLeaseAlarm();
            }
            case Action.TakeLeadAfterBootstrap(), Action.AskFailsafe _ -> setLeaseAlarm();
            case Action.ReleaseLeadership _ -> {
                if (outcome instanceof ActionPerformer.Outcome.Done) {
                    leadGivenAway();
                } else if (outcome instanceof ActionPerformer.Outcome.StoreSilent
                        && view.leadership() instanceof Leadership.Held held) {
                    givenUpTerm = OptionalLong.of(held.createRevision());
                }
            }
            default -> {}
        }
    }

    private void leadGivenAway() {
        view = view.withLeadership(new Leadership.Vacant());
        if (!situation(Optional.empty()).couldWrite()) {
            lease.leadEnded();
        }
    }

    /**
     * A release without an answer may still be on its way: the term that it gives up isn't gone on
     * with, or the key would vanish under a server that takes writes again. It is released until
     * the store says that it is gone.
     */
    private Future<Void> finishRelease() {
        boolean stillOurs =
                givenUpTerm.isPresent()
                        && view.leadership() instanceof Leadership.Held held
                        && held.holder().equals(me)
                        && held.createRevision() == givenUpTerm.getAsLong();
        if (!stillOurs) {
            if (!(view.leadership() instanceof Leadership.Unknown)) {
                givenUpTerm = OptionalLong.empty();
            }
            return Future.succeededFuture();
        }
        return store.releaseLeader(me, givenUpTerm.getAsLong())
                .map(outcome -> {
                    switch (outcome) {
                        case WriteOutcome.Applied _ -> leadGivenAway();
                        case WriteOutcome.Rejected _, WriteOutcome.Unknown _ ->
                                view = view.unreachable("the release of the lead isn't confirmed");
                    }
                    return null;
                });
    }

    private Future<Optional<Duration>> upkeep() {
        Situation s = situation(Optional.empty());
        Upkeep.Plan plan = Upkeep.plan(s, restarts.waiting());
        memory = plan.memory();
        quiet.turnDid(plan.actions());
        return keep(s, plan.actions(), 0).map(plan.again());
    }

    private static Decision.Next sooner(Decision.Next next, Optional<Duration> again) {
        return switch (next) {
            case Decision.Next.AtOnce() -> next;
            case Decision.Next.After(Duration delay) ->
                    new Decision.Next.After(
                            again.map(soon -> Durations.shorter(soon, delay)).orElse(delay));
            case Decision.Next.LoopWait() ->
                    again.<Decision.Next>map(Decision.Next.After::new).orElse(next);
        };
    }

    /** Each is tried, until the store falls silent: then the next turn has other worries. */
    private Future<Void> keep(Situation s, List<Action> actions, int index) {
        if (index >= actions.size()) {
            return Future.succeededFuture();
        }
        if (actions.get(index) instanceof Action.PublishFailsafe(var members)) {
            mayBeNamed(members);
        }
        return performer
                .perform(actions.get(index), s)
                .compose(outcome -> {
                    if (outcome instanceof ActionPerformer.Outcome.StoreSilent) {
                        if (actions.get(index) instanceof Action.WriteSync(_, long revision)) {
                            memory = memory.withSyncUnanswered(revision);
                        }
                        LOG.atWarn()
                                .addKeyValue("member", me)
                                .addKeyValue(
                                        "action", actions.get(index).getClass().getSimpleName())
                                .addKeyValue("error", outcome.text())
                                .log("upkeep broken off");
                        return Future.succeededFuture();
                    }
                    if (actions.get(index) instanceof Action.SetSyncNames
                            && outcome instanceof ActionPerformer.Outcome.Refused) {
                        memory = memory.withSyncNamesUnknown();
                    }
                    return keep(s, actions, index + 1);
                });
    }

    /** Calls {@code listener} after each turn, on the loop's context. */
    void onTurnEnded(Runnable listener) {
        turnEnded = listener;
    }

    /**
     * Until the store is read again, who was named before and who is named now both must agree: the
     * write may have been done or not.
     */
    private void mayBeNamed(SortedMap<MemberName, String> members) {
        SortedMap<MemberName, String> either =
                new TreeMap<>(view.failsafe().orElse(new TreeMap<>()));
        either.putAll(members);
        view = view.withFailsafe(either);
    }

    private static ClusterView at(ClusterView view, SortedMap<MemberName, Lsn> positions) {
        SortedMap<MemberName, Member> members = new TreeMap<>(view.members());
        positions.forEach(
                (name, lsn) -> members.computeIfPresent(name, (_, member) -> member.at(lsn)));
        return view.withMembers(members);
    }

    /** Another member asks, etcd being silent, whether it may go on as leader. */
    public Future<FailsafeAnswer> failsafe(FailsafeCall call) {
        FailsafeAnswer answer = promise.answer(call, situation(Optional.empty()));
        publish();
        return Future.succeededFuture(answer);
    }

    private boolean dataIsOfThisCluster() {
        return ownIdentifier().isPresent() && ownIdentifier().equals(view.systemIdentifier());
    }

    private boolean dataIsOfAnotherCluster() {
        return ownIdentifier().isPresent()
                && view.systemIdentifier().isPresent()
                && !dataIsOfThisCluster();
    }

    private Optional<String> ownIdentifier() {
        return server.control().map(LocalServer.ControlData::systemIdentifier);
    }

    private void endTurn(Decision.Next next) {
        turnEnded.run();
        if (operations.ongoing().isEmpty() && dataIsOfThisCluster()) {
            parts.config().turnEnded();
        }
        if (!running) {
            return;
        }
        if (crashFile != null) {
            crashFile.write(memory.crashes());
        }
        primaries.look();
        boolean follows = view.leader().filter(leader -> !leader.equals(me)).isPresent();
        scheduleTurn(
                pace.afterTurn(
                        next,
                        wokenMeanwhile,
                        follows && operations.ongoing().isEmpty(),
                        settings.timing().loopWait(),
                        settings.pause() ? Optional.empty() : restarts.untilDue(clock.wall())));
    }

    private void scheduleTurn(Duration wait) {
        cancelTimer(nextTurn);
        nextTurnNanos = clock.nanos() + wait.toNanos();
        nextTurn =
                clock.schedule(
                        wait,
                        () -> {
                            if (running && !turning) {
                                beginTurn();
                            }
                        });
    }

    /** The agent ends in good order. */
    public void endGuard() {
        GuardDuty.end(parts.guard(), situation(Optional.empty()));
    }

    // ---- the lease alarm
    // ---------------------------------------------------------------------------------------------

    /** The guard's keep-alive may move the end, so it comes first. */
    private void setLeaseAlarm() {
        GuardDuty.tell(parts.guard(), situation(Optional.empty()));
        alarm.set();
    }

    private void leaseComesToItsEnd() {
        if (!running) {
            return;
        }
        if (!turning) {
            alarm.ringAgain();
            beginTurn();
            return;
        }
        view = view.unreachable("a turn waits and the lease comes to its end");
        Situation s = situation(Optional.empty());
        Decision decision = parts.decide().apply(s);
        for (Action action : decision.actions()) {
            boolean stops =
                    action instanceof Action.Fence
                            || action instanceof Action.Start(Operation.StopInTime _);
            if (stops) {
                performer.perform(action, s).onSuccess(outcome -> note(s, decision, outcome, ""));
            }
        }
        alarm.ringAgain();
    }

    // ---- events of operations
    // ----------------------------------------------------------------------------------------

    /**
     * Operations and checkpoints that ended are taken into the memory between turns, never within
     * one.
     */
    private void takeResults() {
        operations
                .takeEnded()
                .ifPresent(ended -> {
                    memory =
                            Aftermath.of(
                                    memory,
                                    ended.operation(),
                                    ended.outcome(),
                                    settings.timing().ttl(),
                                    clock.nanos());
                    server = server.unseenSince(ended.operation().operation());
                    serverIsStale = true;
                    if (ended.operation().operation() instanceof Operation.Promote
                            && ended.outcome() instanceof OperationOutcome.Done) {
                        meter.promoted();
                    }
                    commands.ended(ended.operation().operation(), ended.outcome());
                });
        if (checkpointedTimeline != 0) {
            memory = memory.withCheckpointedTimeline(checkpointedTimeline);
            checkpointedTimeline = 0;
        }
    }

    private void checkpointed(int timeline) {
        checkpointedTimeline = timeline;
        wake();
    }

    private void scheduledRestartIfDue() {
        if (settings.pause()) {
            return;
        }
        Optional<String> started =
                server.answer().map(answer -> answer.info().postmasterStartTime());
        restarts.takeDue(started, clock.wall(), settings.timing().loopWait())
                .ifPresent(due ->
                        commands.restart(new OperatorCommand.RestartNow(due.conditions()))
                                .onSuccess(result ->
                                        LOG.atInfo()
                                                .addKeyValue("member", me)
                                                .addKeyValue("outcome", result)
                                                .log("scheduled restart")));
    }

    // ---- facts
    // -------------------------------------------------------------------------------------------------------

    private Situation situation(Optional<SortedMap<MemberName, PeerAnswer>> peers) {
        Self self =
                parts.config()
                        .self(parts.server().canRewind())
                        .withUnfit(parts.guard().missing(), parts.guard().unguarded());
        Situation s = situation(self, peers);
        return !followsTarget && Following.target(s).equals(comparedTarget)
                ? s.withFollowsTarget(false)
                : s;
    }

    private Situation situation(Self self, Optional<SortedMap<MemberName, PeerAnswer>> peers) {
        long now = clock.nanos();
        OptionalLong promised = promise.until(now);
        Memory known =
                promised.isPresent() ? memory.leavingLeadUntil(promised.getAsLong()) : memory;
        return new Situation(
                self,
                view,
                settings,
                server.withSlotsReady(parts.server().slotsReady()),
                true,
                lease.facts().withResetAt(parts.guard().resetAtNanos()),
                operations.ongoing(),
                commands.waiting(),
                peers,
                known,
                now,
                clock.wall());
    }

    /** Until when failsafe mode is in action here: as a leader that it keeps, or by a promise. */
    private OptionalLong failsafeUntil() {
        return lease.keptUntilNanos().isPresent()
                ? lease.keptUntilNanos()
                : promise.until(clock.nanos());
    }

    private void publish() {
        List<String> problems = new ArrayList<>(parts.config().parameterProblems());
        problems.addAll(parts.server().parameterProblems());
        snapshot =
                NodeBoard.snapshot(
                                parts.scope(),
                                situation(Optional.empty()),
                                lastGood,
                                restarts.waiting(),
                                pace.planned(),
                                failsafeUntil(),
                                primaries.primaries())
                        .withParameterProblems(problems)
                        .withSlotsReady(parts.server().slotsReady())
                        .withRejoin(decisions.rejoin());
        snapshotNanos = clock.nanos();
        events.published(clock.wall(), snapshot);
        meter.renewed(lease.facts().sentNanos());
        watchdog = parts.guard().watchdog();
    }

    /** On any thread. */
    public NodeSnapshot snapshot() {
        return parts.server()
                .cloneProgress()
                .map(clone -> snapshot.withClone(NodeBoard.progress(clone)))
                .orElse(snapshot);
    }

    /** The snapshot unless it is older than {@code maxAge}. On any thread. */
    Optional<NodeSnapshot> recent(Duration maxAge) {
        return clock.nanos() - snapshotNanos < maxAge.toNanos()
                ? Optional.of(snapshot())
                : Optional.empty();
    }

    /** The snapshot, with a fresh look at the server if it is older than {@code maxAge}. */
    public Future<NodeSnapshot> fresh(Duration maxAge) {
        Optional<NodeSnapshot> recent = recent(maxAge);
        if (recent.isPresent()) {
            return Future.succeededFuture(recent.get());
        }
        Future<NodeSnapshot> under = refreshing;
        if (under != null) {
            return under;
        }
        Future<NodeSnapshot> fresh =
                observe()
                        .map(_ -> {
                            publish();
                            return snapshot();
                        })
                        .onComplete(_ -> refreshing = null);
        refreshing = fresh.isComplete() ? null : fresh;
        return fresh;
    }

    /** The last view that the store gave; empty before the first. On any thread. */
    Optional<ClusterView> lastGoodView() {
        return lastGood.map(NodeBoard.LastGood::view);
    }

    ClusterSettings settings() {
        return settings;
    }

    /** On any thread. */
    List<DecisionEntry> decisions() {
        return decisions.newestFirst();
    }

    /** May be read on any thread. */
    EventJournal events() {
        return events;
    }

    /**
     * Tells how far a copy has come: each percent, or where that isn't known or slow every ten
     * seconds, so that a long copy pushes nothing else out of the journal. On the loop's context.
     */
    void tellProgress() {
        Optional<NodeSnapshot.CloneProgress> now =
                operations
                        .ongoing()
                        .flatMap(_ -> parts.server().cloneProgress())
                        .map(NodeBoard::progress);
        if (now.isPresent() && now.get().worthTellingAfter(toldProgress)) {
            String operation = operations.ongoing().orElseThrow().operation().title();
            events.add(clock.wall(), new NodeEvent.OperationProgressed(operation, now.get()));
            toldProgress = now;
        } else if (now.isEmpty()) {
            toldProgress = now;
        }
    }

    /** On any thread. */
    LoopMetrics metrics() {
        return new LoopMetrics(
                turns.get(),
                lastTurnNanos,
                decisions.byRule(),
                storeFailures.get(),
                leaseLeftAtRenewal,
                parts.server().slotsReady(),
                watchdog,
                meter.timings());
    }

    /** How late the loop's thread runs what is due, in nanoseconds; on the loop's context. */
    void lagged(long nanos) {
        meter.lagged(nanos);
    }

    private void cancelTimers() {
        cancelTimer(nextTurn);
        alarm.cancel();
    }

    private static void cancelTimer(LoopClock.@Nullable Timer timer) {
        if (timer != null) {
            timer.cancel();
        }
    }
}
