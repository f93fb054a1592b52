package io.kumki.agent.ha;

import io.kumki.dcs.cluster.Lsn;
import io.kumki.dcs.cluster.Member;
import io.kumki.dcs.cluster.MemberName;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * Permanent logical slots: created on the primary, copied to standbys that may lead, and advanced
 * there with what the consumer confirmed.
 */
final class LogicalSlots {

    private LogicalSlots() {}

    static List<SlotChange> change(
            Situation s,
            String name,
            PermanentSlot.Logical wanted,
            Map<String, LocalServer.Slot> present) {
        LocalServer.Slot slot = present.get(name);
        if (s.server().answer().orElse(null) instanceof LocalServer.Answer.Standby standby) {
            return slot != null && wanted.matches(slot) && !SlotPlan.lost(slot)
                    ? onStandby(s, slot, standby)
                    : List.of();
        }
        boolean gone =
                slot == null
                        || !s.paused()
                                && !slot.active()
                                && (SlotPlan.lost(slot) || !wanted.matches(slot));
        return s.iHoldKey() && gone
                ? List.of(new SlotChange.CreateLogical(name, wanted.database(), wanted.plugin()))
                : List.of();
    }

    private static List<SlotChange> onStandby(
            Situation s, LocalServer.Slot slot, LocalServer.Answer.Standby standby) {
        List<SlotChange> changes = new ArrayList<>();
        Lsn published = s.cluster().status().slots().getOrDefault(slot.name(), Lsn.ZERO);
        Lsn replayed = standby.replayedLsn();
        Lsn target = published.compareTo(replayed) < 0 ? published : replayed;
        if (!slot.active() && target.compareTo(slot.confirmedFlushLsn()) > 0) {
            changes.add(new SlotChange.AdvanceLogical(slot.name(), slot.database(), target));
        }
        changes.add(
                new SlotChange.Verify(
                        slot.name(), Following.leader(s.self(), s.cluster()), heldThrough(s)));
        return changes;
    }

    /** The slot at the primary by which this server, or the first one of its cascade, streams. */
    private static String heldThrough(Situation s) {
        MemberName below = s.me();
        Optional<Member> feeder = Following.feeder(s.me(), s.self().tags(), s.cluster());
        for (int hops = 0; feeder.isPresent() && hops <= s.cluster().members().size(); hops++) {
            Member member = feeder.get();
            if (s.cluster().leadership().heldBy(member.name())) {
                break;
            }
            below = member.name();
            feeder = Following.feeder(member.name(), member.tags(), s.cluster());
        }
        return SlotNames.of(below);
    }

    /**
     * Configured slots of which a promotion of that member would lose nothing, but one of this
     * member might; empty if it isn't the better one by their number.
     */
    static SortedSet<String> readyOnlyAt(Situation s, PeerAnswer.Reached other) {
        SortedSet<String> there = new TreeSet<>();
        SortedSet<String> here = new TreeSet<>();
        s.self()
                .slots()
                .permanent()
                .forEach((name, slot) -> {
                    boolean mine = s.server().slotsReady().getOrDefault(name, false);
                    boolean theirs = other.readySlots().contains(name);
                    if (slot instanceof PermanentSlot.Logical && mine != theirs) {
                        (mine ? here : there).add(name);
                    }
                });
        return there.size() > here.size() ? there : new TreeSet<>();
    }

    /** What this standby lacks and the primary has, so that it can be copied. */
    static SortedMap<String, PermanentSlot.Logical> missing(Situation s) {
        SortedMap<String, PermanentSlot.Logical> missing = new TreeMap<>();
        if (!s.self().slots().used() || !s.server().standby() || !s.otherLeads()) {
            return missing;
        }
        missing.putAll(PermanentSlots.logical(s));
        missing.keySet().retainAll(s.cluster().status().slots().keySet());
        SlotPlan.slots(s).forEach(slot -> missing.remove(slot.name()));
        return missing;
    }
}
