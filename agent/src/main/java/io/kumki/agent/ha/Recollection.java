package io.kumki.agent.ha;

import io.kumki.agent.ha.Memory.LastLocked;
import io.kumki.agent.ha.Memory.Rejoin;
import io.kumki.agent.ha.Memory.RequestSeen;
import io.kumki.agent.ha.Memory.StepDown;
import io.kumki.agent.ha.Memory.Vacancy;
import io.kumki.dcs.cluster.Leadership;
import io.kumki.dcs.cluster.Member;
import io.kumki.dcs.cluster.MemberName;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.SortedMap;
import java.util.TreeMap;

/** Takes into the memory what this turn shows, before any rule is asked. */
final class Recollection {

    private Recollection() {}

    static Memory refresh(Situation s) {
        StoreTrust trust = StoreTrust.refresh(s);
        Memory memory = s.memory().withStoreTrust(trust);
        if (!trust.doubt().equals(s.memory().storeTrust().doubt())) {
            memory = memory.withElectedOn(OptionalLong.empty());
        }
        if (s.cluster().leadership() instanceof Leadership.Held held) {
            memory =
                    memory.withLastLocked(new LastLocked(held.holder(), members(s, held.holder())));
        }
        memory = SyncLeave.ended(s, memory.withVacancy(vacancy(s)).withRequest(request(s)));
        if (memory.begunNanos().isEmpty()) {
            memory = memory.withBegun(OptionalLong.of(s.nowNanos()));
        }
        memory = memory.withCrashes(Crashes.refresh(s)).withLineage(Lineage.refresh(s));
        if (s.iHoldKey() && s.server().primary()) {
            memory = memory.withLeadLapsed(false);
        } else if (s.leaseRanOut()) {
            memory = memory.withLeadLapsed(true);
        }
        if (s.server().answer().isPresent()) {
            memory = memory.withWasPrimary(s.server().primary());
        }
        // in pause a server that was stopped for a hand-over must be told from one an operator
        // stopped
        boolean staysStopped =
                s.paused() && s.server().postmaster() == LocalServer.Postmaster.STOPPED;
        if (s.yieldIsOver() && !staysStopped) {
            memory = memory.withYieldUntil(OptionalLong.empty());
        }
        if (s.server().running() || !s.iHoldKey()) {
            memory = memory.withCrashedSince(OptionalLong.empty());
        }
        if (!s.iHoldKey() && !s.etcdSilent()) {
            memory = memory.withStepDown(Optional.empty());
        }
        if (!s.iHoldKey() && !s.etcdSilent()) {
            memory = memory.withSlotsSeen(new TreeMap<>());
        }
        memory = memory.withStepDown(memory.stepDown().map(stepDown -> withShutdown(s, stepDown)));
        return memory.withStandstill(Standstill.look(s)).withRejoin(rejoin(s, memory.rejoin()));
    }

    private static Optional<RequestSeen> request(Situation s) {
        if (!s.cluster().failover().present()) {
            return Optional.empty();
        }
        long revision = s.cluster().failover().modRevision();
        return s.memory()
                .request()
                .filter(seen -> seen.modRevision() == revision)
                .or(() -> Optional.of(new RequestSeen(revision, s.nowNanos())));
    }

    private static StepDown withShutdown(Situation s, StepDown stepDown) {
        if (stepDown.shutdown().isPresent()) {
            return stepDown;
        }
        return Aftermath.withShutdown(
                stepDown, s.ongoing().flatMap(Situation.Ongoing::shutdownLsn), s.nowNanos());
    }

    /** A leader without a live member key keeps the addresses it was last known by. */
    private static SortedMap<MemberName, Member> members(Situation s, MemberName holder) {
        SortedMap<MemberName, Member> members = new TreeMap<>(s.cluster().members());
        if (!members.containsKey(holder)) {
            s.memory()
                    .lastLocked()
                    .map(last -> last.members().get(holder))
                    .ifPresent(member -> members.put(holder, member));
        }
        return members;
    }

    private static Optional<Vacancy> vacancy(Situation s) {
        if (!s.vacant()) {
            return Optional.empty();
        }
        return s.memory().vacancy().or(() -> Optional.of(new Vacancy(s.nowNanos(), s.position())));
    }

    private static Rejoin rejoin(Situation s, Rejoin rejoin) {
        if (s.server().primary()) {
            return Rejoin.FRESH;
        }
        if (s.server().postmaster() == LocalServer.Postmaster.STARTING) {
            return waitsForStream(s, rejoin);
        }
        if (!(s.server().answer().orElse(null) instanceof LocalServer.Answer.Standby standby)) {
            return rejoin;
        }
        boolean streams = standby.receiver().filter(LocalServer.Receiver::streaming).isPresent();
        // a WAL receiver says so for an instant each time before it is told that the log is gone
        boolean stands =
                Standstill.look(s).filter(still -> still.sinceNanos() < s.nowNanos()).isPresent();
        if (streams && !stands) {
            // it streams from another than it should follow: what a comparison found stands
            return s.followsTarget()
                    ? Rejoin.FRESH.withRetryAt(rejoin.retryAtNanos())
                    : rejoin.withStalledSince(OptionalLong.empty());
        }
        Rejoin looked = rejoin.withReplayed(standby.replayedLsn());
        boolean progress =
                rejoin.stalledSinceNanos().isPresent()
                        && standby.replayedLsn().compareTo(rejoin.replayedLast()) > 0;
        return waitsForStream(
                s, progress ? looked.withStalledSince(OptionalLong.of(s.nowNanos())) : looked);
    }

    /**
     * Since when nothing moves. A standby without a stream that still replays, its own segments or
     * an archive's, isn't stalled: that may take hours.
     */
    private static Rejoin waitsForStream(Situation s, Rejoin rejoin) {
        boolean remote = s.iHoldKey() && s.followsRemote() && Following.reference(s).isPresent();
        boolean somebodyToFollow = (s.otherLeads() || remote) && !s.self().tags().nostream();
        if (!somebodyToFollow) {
            return rejoin.withStalledSince(OptionalLong.empty());
        }
        return rejoin.stalledSinceNanos().isPresent()
                ? rejoin
                : rejoin.withStalledSince(OptionalLong.of(s.nowNanos()));
    }
}
