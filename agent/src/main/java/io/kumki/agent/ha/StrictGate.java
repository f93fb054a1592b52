package io.kumki.agent.ha;

import io.kumki.agent.ha.LocalServer.Answer;
import io.kumki.dcs.cluster.ClusterSettings.SynchronousMode;
import io.kumki.dcs.cluster.SyncState;
import java.time.Duration;
import java.util.List;
import java.util.Optional;

/**
 * Whom a restarted primary lets in, in strict mode.
 *
 * <p>A commit that waits for a standby is on the primary's disk already, and is visible after a
 * restart although nobody has confirmed it; a standby that takes over then doesn't have it. So
 * clients are held off until whoever the sync key lets take over has the log up to its end as it
 * was when the server began to wait again.
 */
final class StrictGate {

    /** A standby that comes back is seen this soon. */
    private static final Duration AGAIN = Duration.ofMillis(200);

    /** There is nobody yet to wait for. */
    private static final Duration LATER = Duration.ofSeconds(1);

    private StrictGate() {}

    /**
     * @param memory with what this look showed
     * @param action lets clients in
     * @param again when to look again while clients are held off
     */
    record Next(Memory memory, Optional<Action> action, Optional<Duration> again) {}

    /** The start of a server that will be, or was, this leader's primary. */
    static List<Action> start(Situation s, Operation operation) {
        Action start = new Action.Start(operation);
        return wanted(s) && s.iHoldKey()
                ? List.of(new Action.HoldClientsOff(), start)
                : List.of(start);
    }

    private static boolean wanted(Situation s) {
        return s.synchronousMode() != SynchronousMode.OFF
                && s.settings().synchronousModeStrict()
                && !s.followsRemote();
    }

    /** Whether clients may come in now; nothing is decided while the server is silent. */
    static Next next(Situation s) {
        boolean closed = s.server().clientsHeldOff() && s.ongoing().isEmpty();
        Answer answer = closed ? s.server().answer().orElse(null) : null;
        if (answer == null) {
            return new Next(s.memory(), Optional.empty(), Optional.empty());
        }
        if (!(answer instanceof Answer.Primary primary) || !wanted(s)) {
            return admitted(s.memory());
        }
        if (!s.iHoldKey() && !s.etcdSilent()) {
            // in pause it goes on without the key, and nothing is promised
            return s.paused()
                    ? admitted(s.memory())
                    : new Next(s.memory(), Optional.empty(), Optional.empty());
        }
        SyncDemand demand = SyncDemand.parse(primary.info().sync().inForce());
        Memory memory = s.etcdSilent() ? looked(s, demand, primary) : s.memory();
        boolean settled = memory.sync().proof().filter(SyncProof::settled).isPresent();
        return settled && backed(s, demand)
                ? admitted(memory)
                : new Next(
                        memory, Optional.empty(), Optional.of(demand.count() > 0 ? AGAIN : LATER));
    }

    /** The plan looks only while etcd answers; one look twice would prove nothing. */
    private static Memory looked(Situation s, SyncDemand demand, Answer.Primary primary) {
        Memory.Sync before = s.memory().sync();
        SyncProof proof = SyncProof.look(before.proof(), demand, primary);
        return s.memory()
                .withSync(
                        new Memory.Sync(
                                Optional.of(proof), before.namesAreTheUsers(), before.silence()));
    }

    private static Next admitted(Memory memory) {
        return new Next(memory, Optional.of(new Action.AdmitClients()), Optional.empty());
    }

    /** The key is this leader's, and whoever it lets take over has what is confirmed. */
    private static boolean backed(Situation s, SyncDemand demand) {
        SyncState key = s.cluster().sync();
        return key.leader().filter(s.me()::equals).isPresent()
                && SyncSteps.backs(
                        demand,
                        SyncSteps.Key.of(key.syncQuorum(), SyncDemand.texts(key.standbys())));
    }
}
