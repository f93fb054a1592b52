package io.kumki.agent.ha;

import io.kumki.dcs.cluster.Member;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;

/** Which of the configured permanent slots this server should have. */
final class PermanentSlots {

    private PermanentSlots() {}

    /** Physical ones, wherever this member may lead: never the slot that others keep for it. */
    static SortedSet<String> physical(Situation s) {
        SortedSet<String> names = new TreeSet<>();
        boolean standbyCluster = s.followsRemote();
        if (s.self().tags().nofailover()) {
            return names;
        }
        s.self()
                .slots()
                .permanent()
                .forEach((name, slot) -> {
                    if (slot instanceof PermanentSlot.Physical(var where)
                            && !name.equals(SlotNames.of(s.me()))
                            && where
                                    != (standbyCluster
                                            ? PermanentSlot.Where.PRIMARY_CLUSTER
                                            : PermanentSlot.Where.STANDBY_CLUSTER)) {
                        names.add(name);
                    }
                });
        return names;
    }

    /**
     * Logical ones. Only a server that streams all the way from the primary can have them: its own
     * physical slot there holds back the catalog rows they need.
     */
    static SortedMap<String, PermanentSlot.Logical> logical(Situation s) {
        SortedMap<String, PermanentSlot.Logical> slots = new TreeMap<>();
        if (s.self().tags().nofailover() || s.followsRemote() || withoutStream(s)) {
            return slots;
        }
        SortedSet<String> ofMembers = ofMembers(s);
        for (Map.Entry<String, PermanentSlot> entry : s.self().slots().permanent().entrySet()) {
            if (entry.getValue() instanceof PermanentSlot.Logical slot
                    && !ofMembers.contains(entry.getKey())) {
                slots.put(entry.getKey(), slot);
            }
        }
        return slots;
    }

    /** Logical slots that can't be, because a member's slot has the name. */
    static List<SlotChange> conflicts(Situation s) {
        SortedSet<String> ofMembers = ofMembers(s);
        List<SlotChange> conflicts = new ArrayList<>();
        s.self()
                .slots()
                .permanent()
                .forEach((name, slot) -> {
                    if (slot instanceof PermanentSlot.Logical && ofMembers.contains(name)) {
                        conflicts.add(
                                new SlotChange.Skip(
                                        name,
                                        "slots."
                                                + name
                                                + " is logical, but a member's slot has this name;"
                                                + " give it another name"));
                    }
                });
        return conflicts;
    }

    private static SortedSet<String> ofMembers(Situation s) {
        SortedSet<String> names = new TreeSet<>();
        names.add(SlotNames.of(s.me()));
        s.cluster().members().keySet().forEach(name -> names.add(SlotNames.of(name)));
        return names;
    }

    private static boolean withoutStream(Situation s) {
        if (s.iHoldKey()) {
            return false;
        }
        if (s.self().tags().nostream()) {
            return true;
        }
        Optional<Member> feeder = Following.feeder(s.me(), s.self().tags(), s.cluster());
        for (int hops = 0; feeder.isPresent() && hops <= s.cluster().members().size(); hops++) {
            Member member = feeder.get();
            if (s.cluster().leadership().heldBy(member.name())) {
                return false;
            }
            if (member.tags().nostream()) {
                return true;
            }
            feeder = Following.feeder(member.name(), member.tags(), s.cluster());
        }
        return false;
    }
}
