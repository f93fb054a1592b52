package io.kumki.agent.ha;

import io.kumki.dcs.cluster.ClusterStatus;
import io.kumki.dcs.cluster.Member;
import io.kumki.dcs.cluster.ScheduledRestart;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * What every turn does besides its decision: keep the lease, tell the others, keep slots. Pure,
 * like the rules.
 */
public final class Upkeep {

    private static final int PAUSES_REPLAY = 140_000;

    private Upkeep() {}

    /**
     * @param actions to be tried each, whatever becomes of the others
     * @param again when to look again if more is to come
     */
    public record Plan(Memory memory, List<Action> actions, Optional<Duration> again) {}

    /**
     * @param s the situation after the turn's decision
     */
    public static Plan plan(Situation s, Optional<ScheduledRestart> scheduledRestart) {
        if (s.etcdSilent()) {
            return inSilence(s);
        }
        List<Action> actions = new ArrayList<>();
        Memory memory = s.memory();
        Optional<Duration> again = Optional.empty();
        if (leaseIsDue(s)) {
            actions.add(new Action.RefreshLease());
        }
        SetBackMark.due(s).ifPresent(actions::add);
        boolean bootstrapping = !(memory.bootstrap() instanceof Memory.BootstrapStage.None);
        boolean leads = s.server().primary() || s.server().standby() && s.followsRemote();
        if (s.iHoldKey() && !bootstrapping && leads) {
            memory = memory.withSlotsSeen(SlotPlan.seen(s));
            leader(s.withMemory(memory), actions);
            if (s.server().answer().orElse(null) instanceof LocalServer.Answer.Primary primary
                    && s.ongoing().isEmpty()) {
                SyncPlan.Next next = SyncPlan.next(s.withMemory(memory), primary);
                memory = next.memory();
                next.action().ifPresent(actions::add);
                again = next.again();
            }
        }
        StrictGate.Next gate = StrictGate.next(s.withMemory(memory));
        memory = gate.memory();
        gate.action().ifPresent(actions::add);
        again = sooner(again, gate.again());
        Member own = Published.member(s, scheduledRestart);
        if (!s.cluster().member(s.me()).filter(own::equals).isPresent()) {
            actions.add(new Action.PublishMember(own));
        }
        boolean free = s.ongoing().isEmpty() && !bootstrapping;
        if (free && replayStands(s)) {
            actions.add(new Action.ResumeReplay());
        }
        if (s.server().answer().isPresent() && free) {
            List<SlotChange> changes = SlotPlan.changes(s);
            if (!changes.isEmpty()) {
                actions.add(new Action.ReconcileSlots(changes));
            }
        }
        return new Plan(memory, actions, again);
    }

    /**
     * From PostgreSQL 14 on replay pauses when the primary was started with more connections,
     * workers, senders, locks or prepared transactions than this standby has. Resumed, the standby
     * ends, and is started with what its control file then shows. Before, it ended by itself.
     */
    private static boolean replayStands(Situation s) {
        return !s.paused()
                && s.server().answer().orElse(null) instanceof LocalServer.Answer.Standby standby
                && standby.replayPaused()
                && standby.info().version() >= PAUSES_REPLAY;
    }

    /**
     * The leader's lease is renewed by the loop itself before it decides; others refresh theirs
     * three times a ttl.
     */
    private static boolean leaseIsDue(Situation s) {
        return s.lease().sentNanos().isEmpty()
                || s.since(s.lease().sentNanos().getAsLong())
                                .compareTo(s.settings().timing().ttl().dividedBy(3))
                        > 0;
    }

    /** A leader that goes on in failsafe mode writes on: idle slots move along, or WAL piles up. */
    private static Plan inSilence(Situation s) {
        boolean slots =
                s.settings().failsafeMode()
                        && s.onlyStoreSilent()
                        && s.server().answer().isPresent()
                        && s.ongoing().isEmpty()
                        && !s.paused();
        List<SlotChange> moves =
                slots
                        ? SlotPlan.changes(s).stream()
                                .filter(change ->
                                        change instanceof SlotChange.Advance
                                                || change instanceof SlotChange.AdvanceLogical)
                                .toList()
                        : List.of();
        StrictGate.Next gate = StrictGate.next(s);
        List<Action> actions = new ArrayList<>(gate.action().stream().toList());
        if (!moves.isEmpty()) {
            actions.add(new Action.ReconcileSlots(moves));
        }
        return new Plan(gate.memory(), actions, gate.again());
    }

    private static Optional<Duration> sooner(Optional<Duration> one, Optional<Duration> other) {
        if (one.isEmpty() || other.isEmpty()) {
            return one.or(() -> other);
        }
        return other.get().compareTo(one.get()) < 0 ? other : one;
    }

    private static void leader(Situation s, List<Action> actions) {
        if (s.cluster().systemIdentifier().isEmpty() && s.server().control().isPresent()) {
            actions.add(
                    new Action.RecordIdentifier(
                            s.server().control().get().systemIdentifier(),
                            s.cluster().initialize().isEmpty()));
        }
        if (s.cluster().config().isEmpty()) {
            actions.add(new Action.WriteOwnConfig());
        }
        if (s.settings().failsafeMode()
                && !s.cluster().failsafe().equals(Optional.of(FailsafeRules.members(s)))) {
            actions.add(new Action.PublishFailsafe(FailsafeRules.members(s)));
        }
        ClusterStatus status = SlotPlan.status(s);
        if (!status.equals(s.cluster().status())) {
            actions.add(new Action.PublishStatus(status));
        }
        if (s.server().answer().orElse(null) instanceof LocalServer.Answer.Primary primary) {
            primary(s, primary, actions);
        }
    }

    private static void primary(
            Situation s, LocalServer.Answer.Primary primary, List<Action> actions) {
        int published = s.cluster().history().clusterTimeline();
        boolean stale = primary.timeline() == 1 ? published > 1 : published != primary.timeline();
        if (stale) {
            actions.add(new Action.PublishHistory(primary.timeline()));
        }
        if (primary.timeline() > 1 && s.memory().checkpointedTimeline() != primary.timeline()) {
            actions.add(new Action.CheckpointAfterPromote(primary.timeline()));
        }
    }
}
