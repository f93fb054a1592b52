package io.kumki.agent.node;

import io.kumki.agent.ha.Candidates;
import io.kumki.agent.ha.OperatorCommand;
import io.kumki.agent.ha.PeerAnswer;
import io.kumki.dcs.ClusterStore;
import io.kumki.dcs.WriteOutcome;
import io.kumki.dcs.cluster.ClusterView;
import io.kumki.dcs.cluster.FailoverRequest;
import io.kumki.dcs.cluster.Member;
import io.kumki.dcs.cluster.MemberName;
import io.kumki.dcs.cluster.ScheduledRestart;
import io.kumki.restapi.Lease;
import io.kumki.restapi.NodeControl;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import java.time.Duration;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.SortedMap;
import java.util.function.Supplier;

/** Lets the REST API act on the loop; everything happens on the loop's context. */
final class AgentControl implements NodeControl {

    /** The contract's limit for questions that a person waits for. */
    private static final Duration ASK_LIMIT = Duration.ofSeconds(2);

    private final HaLoop loop;
    private final ClusterStore store;
    private final Peers peers;
    private final LoopClock clock;
    private final Runnable reload;

    /**
     * @param reload reads the local configuration again
     */
    AgentControl(HaLoop loop, LoopParts parts, Runnable reload) {
        this.loop = loop;
        this.store = parts.store();
        this.peers = parts.peers();
        this.clock = parts.clock();
        this.reload = reload;
    }

    @Override
    public Future<ClusterView> readCluster() {
        return onLoop(store::read);
    }

    @Override
    public Future<List<Candidacy>> askCandidates(Collection<MemberName> names) {
        return readCluster()
                .compose(view -> {
                    List<Member> members =
                            names.stream().map(view::member).flatMap(Optional::stream).toList();
                    return onLoop(() -> peers.ask(members, ASK_LIMIT))
                            .map(answers -> candidacies(view, names, answers));
                });
    }

    private List<Candidacy> candidacies(
            ClusterView view,
            Collection<MemberName> names,
            SortedMap<MemberName, PeerAnswer> answers) {
        return names.stream()
                .map(name ->
                        new Candidacy(
                                name,
                                Candidates.refusal(
                                        answers.getOrDefault(
                                                name,
                                                new PeerAnswer.Unreachable("it is no member")),
                                        Optional.empty(),
                                        view,
                                        loop.settings())))
                .toList();
    }

    @Override
    public Future<Optional<Lease>> askLease(Member leader) {
        return onLoop(() -> peers.askLease(leader, ASK_LIMIT));
    }

    @Override
    public Future<WriteOutcome> requestFailover(
            FailoverRequest request, OptionalLong expectedRevision) {
        return onLoop(() -> store.putFailover(request, expectedRevision));
    }

    @Override
    public Future<WriteOutcome> writeConfig(
            Map<String, Object> values, OptionalLong expectedRevision) {
        return onLoop(() -> store.putConfig(values, expectedRevision));
    }

    @Override
    public void wake() {
        clock.execute(loop::wake);
    }

    @Override
    public Future<RestartResult> restart(ScheduledRestart.Conditions conditions) {
        return command(() -> loop.commands().restart(new OperatorCommand.RestartNow(conditions)));
    }

    @Override
    public Future<Boolean> scheduleRestart(ScheduledRestart restart) {
        return onLoop(() -> Future.succeededFuture(loop.schedule(restart)));
    }

    @Override
    public Future<Boolean> deleteScheduledRestart() {
        return onLoop(() -> Future.succeededFuture(loop.unschedule()));
    }

    @Override
    public Future<ReinitializeResult> reinitialize(boolean force, boolean fromLeader) {
        return command(() ->
                loop.commands().reinitialize(new OperatorCommand.Reinitialize(force, fromLeader)));
    }

    @Override
    public void reload() {
        clock.execute(reload);
    }

    @Override
    public Optional<SortedMap<MemberName, String>> failsafeMembers() {
        return loop.lastGoodView().flatMap(ClusterView::failsafe);
    }

    @Override
    public Future<FailsafeAnswer> failsafe(FailsafeCall call) {
        return onLoop(() -> loop.failsafe(call));
    }

    private <T> Future<T> command(Supplier<Future<T>> command) {
        return onLoop(() -> {
            Future<T> result = command.get();
            loop.wake();
            return result;
        });
    }

    private <T> Future<T> onLoop(Supplier<Future<T>> work) {
        Promise<T> promise = Promise.promise();
        // composed, so that an exception thrown by the work fails the future instead of being lost
        clock.execute(
                () -> Future.<Void>succeededFuture().compose(_ -> work.get()).onComplete(promise));
        return promise.future();
    }
}
