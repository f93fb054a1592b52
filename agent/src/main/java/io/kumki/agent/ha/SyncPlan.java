package io.kumki.agent.ha;

import io.kumki.agent.ha.LocalServer.Answer;
import io.kumki.dcs.cluster.ClusterSettings.SynchronousMode;
import io.kumki.dcs.cluster.MemberName;
import io.kumki.dcs.cluster.SyncState;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.SortedSet;

/**
 * The leader's next step of synchronous replication: one in a turn, decided from what store and
 * server say in that turn. Which steps are safe is the business of {@link SyncSteps}.
 */
final class SyncPlan {

    /**
     * While a change is under way the leader looks again this soon. A sender that was told to
     * reload has done so by then.
     */
    private static final Duration AGAIN = Duration.ofMillis(200);

    private SyncPlan() {}

    /**
     * @param memory with what this look showed
     * @param action the next step
     * @param again when to look again if more is to come
     */
    record Next(Memory memory, Optional<Action> action, Optional<Duration> again) {}

    static Next next(Situation s, Answer.Primary primary) {
        if (s.synchronousMode() == SynchronousMode.OFF) {
            return off(s);
        }
        SyncDemand inForce = SyncDemand.parse(primary.info().sync().inForce());
        SyncProof proof = SyncProof.look(s.memory().sync().proof(), inForce, primary);
        SyncSilence silence = s.memory().sync().silence().look(primary, s.nowNanos());
        SyncState stored = s.cluster().sync();
        OptionalLong unanswered = s.memory().sync().unanswered();
        boolean onItsWay = unanswered.equals(OptionalLong.of(stored.modRevision()));
        Memory memory =
                s.memory()
                        .withSync(
                                new Memory.Sync(
                                        Optional.of(proof),
                                        false,
                                        silence,
                                        onItsWay ? unanswered : OptionalLong.empty()));
        boolean others = !stored.leader().filter(s.me()::equals).isPresent();
        if (others || StoreTrust.commitsInDoubt(s)) {
            return new Next(memory, Optional.of(claim(s)), Optional.of(AGAIN));
        }
        if (onItsWay) { // one of the two comes too late, and then it is known which
            return new Next(
                    memory,
                    Optional.of(write(s, stored.syncQuorum(), stored.standbys())),
                    Optional.of(AGAIN));
        }
        SyncDemand wanted = SyncStandbys.wanted(s.withMemory(memory), primary);
        SyncSteps.Step step =
                SyncSteps.next(
                        SyncSteps.Key.of(stored.syncQuorum(), SyncDemand.texts(stored.standbys())),
                        inForce,
                        proof.settled(),
                        wanted);
        return switch (step) {
            case SyncSteps.Step.WriteKey(var key) ->
                    new Next(
                            memory,
                            Optional.of(write(s, key.quorum(), members(s, key.standbys()))),
                            Optional.of(AGAIN));
            case SyncSteps.Step.Demand(var demand) ->
                    new Next(
                            memory,
                            Optional.of(new Action.SetSyncNames(Optional.of(demand.text()))),
                            Optional.of(AGAIN));
            case SyncSteps.Step.Settle() -> new Next(memory, Optional.empty(), Optional.of(AGAIN));
            case SyncSteps.Step.Done() ->
                    new Next(memory, asWritten(primary, wanted), Optional.empty());
        };
    }

    /**
     * Somebody may have written what reads as the same and isn't: with {@code 2 (a)} commits wait
     * for a second standby for ever.
     */
    private static Optional<Action> asWritten(Answer.Primary primary, SyncDemand wanted) {
        return primary.info().sync().inForce().equals(wanted.text())
                ? Optional.empty()
                : Optional.of(new Action.SetSyncNames(Optional.of(wanted.text())));
    }

    /** First the promise goes, then what was done to keep it. */
    private static Next off(Situation s) {
        if (s.cluster().sync().modRevision() != 0) {
            return new Next(
                    s.memory(),
                    Optional.of(new Action.DeleteSync(s.cluster().sync().modRevision())),
                    Optional.of(AGAIN));
        }
        if (s.memory().sync().namesAreTheUsers()) {
            return new Next(s.memory(), Optional.empty(), Optional.empty());
        }
        return new Next(
                s.memory().withSync(new Memory.Sync(Optional.empty(), true, SyncSilence.NOTHING)),
                Optional.of(new Action.SetSyncNames(Optional.empty())),
                Optional.empty());
    }

    /** This member has every acknowledged commit, and so far nobody else is sure to. */
    static Action claim(Situation s) {
        return write(s, 0, List.of());
    }

    private static Action write(Situation s, int quorum, List<MemberName> standbys) {
        return new Action.WriteSync(
                new SyncState(Optional.of(s.me()), quorum, standbys, 0),
                s.cluster().sync().modRevision());
    }

    /** As the members write themselves. */
    private static List<MemberName> members(Situation s, SortedSet<String> names) {
        List<MemberName> members = new ArrayList<>();
        for (String name : names) {
            members.add(
                    s.cluster().members().keySet().stream()
                            .filter(member -> member.value().equalsIgnoreCase(name))
                            .findFirst()
                            .orElseGet(() -> new MemberName(name)));
        }
        return members;
    }

    /** The value with which a promotion begins. */
    static Optional<String> namesBeforePromotion(Situation s) {
        return switch (s.synchronousMode()) {
            case OFF -> Optional.empty();
            case ON -> Optional.of(nobodyYet(s, SyncDemand.Kind.FIRST));
            case QUORUM -> Optional.of(nobodyYet(s, SyncDemand.Kind.ANY));
        };
    }

    private static String nobodyYet(Situation s, SyncDemand.Kind kind) {
        return (s.settings().synchronousModeStrict()
                        ? SyncDemand.somebody(kind)
                        : SyncDemand.NOBODY)
                .text();
    }
}
