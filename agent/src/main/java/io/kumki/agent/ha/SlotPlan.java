package io.kumki.agent.ha;

import io.kumki.dcs.cluster.ClusterStatus;
import io.kumki.dcs.cluster.Lsn;
import io.kumki.dcs.cluster.Member;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Pattern;

/**
 * Which slots this server should have, and what must change to get there.
 *
 * <p>Every server keeps a slot for every other member and the permanent ones, so that nobody misses
 * WAL after a change of leader. On a standby the slots are moved along with what the leader
 * publishes, never past the own replay. A slot that nobody owns is dropped when it is inactive;
 * ignored ones aren't touched.
 */
final class SlotPlan {

    /** Slots by which Citus moves and splits shards; they are its own affair. */
    private static final Pattern OF_CITUS =
            Pattern.compile("citus_shard_(move|split)_slot(_(0|[1-9][0-9]*)){2,3}");

    private SlotPlan() {}

    static List<SlotChange> changes(Situation s) {
        if (!s.self().slots().used() || s.cluster().config().isEmpty()) {
            return List.of();
        }
        SortedSet<String> wanted = wanted(s);
        SortedMap<String, PermanentSlot.Logical> logical = PermanentSlots.logical(s);
        List<SlotChange> changes = new ArrayList<>(PermanentSlots.conflicts(s));
        changes.addAll(shared(s));
        SortedMap<String, LocalServer.Slot> present = new TreeMap<>();
        SortedSet<String> dropped = new TreeSet<>();
        for (LocalServer.Slot slot : slots(s)) {
            present.put(slot.name(), slot);
            if (mustGo(s, slot, wanted, logical)) {
                dropped.add(slot.name());
                changes.add(new SlotChange.Drop(slot.name()));
            }
        }
        for (String name : wanted) {
            LocalServer.Slot slot = present.get(name);
            boolean replaced =
                    slot != null && !s.paused() && !slot.active() && (lost(slot) || slot.logical());
            if (slot == null || replaced && !ignored(s, slot)) {
                changes.add(new SlotChange.Create(name));
            } else if (!lost(slot) && !dropped.contains(name)) {
                advance(s, slot).ifPresent(changes::add);
            }
        }
        logical.forEach(
                (name, slot) -> changes.addAll(LogicalSlots.change(s, name, slot, present)));
        return changes;
    }

    /** Two members can't use one slot at a time: the second one gets no stream. */
    private static List<SlotChange> shared(Situation s) {
        SortedMap<String, List<String>> members = new TreeMap<>();
        for (Member member : s.cluster().members().values()) {
            if (!member.tags().nostream()) {
                members.computeIfAbsent(SlotNames.of(member.name()), _ -> new ArrayList<>())
                        .add(member.name().value());
            }
        }
        List<SlotChange> reports = new ArrayList<>();
        members.forEach((slot, names) -> {
            if (names.size() > 1) {
                reports.add(
                        new SlotChange.Report(
                                slot,
                                "the members "
                                        + String.join(", ", names)
                                        + " have this one slot, and only one of them can stream with it:"
                                        + " rename all but one"));
            }
        });
        return reports;
    }

    /** Slots of all other members that stream, and of those that are away but retained. */
    private static SortedSet<String> wanted(Situation s) {
        SortedSet<String> wanted = new TreeSet<>();
        boolean keepsForAll =
                !s.settings().memberSlotsTtl().isZero() && !s.self().tags().nofailover();
        for (Member member : s.cluster().members().values()) {
            boolean mine = member.tags().replicatefrom().filter(s.me()::equals).isPresent();
            boolean cascades = cascades(s, member);
            boolean fromMe = s.iHoldKey() && !cascades;
            if (!member.name().equals(s.me())
                    && !member.tags().nostream()
                    && (keepsForAll || mine || fromMe)) {
                wanted.add(SlotNames.of(member.name()));
            }
        }
        if (keepsForAll) {
            wanted.addAll(s.cluster().status().retainSlots());
        }
        wanted.removeAll(PermanentSlots.logical(s).keySet());
        wanted.addAll(PermanentSlots.physical(s));
        wanted.remove(SlotNames.of(s.me()));
        return wanted;
    }

    /** Nobody owns it, it is useless, or it holds something back that nobody needs. */
    private static boolean mustGo(
            Situation s,
            LocalServer.Slot slot,
            SortedSet<String> wanted,
            SortedMap<String, PermanentSlot.Logical> logical) {
        if (slot.active() || s.paused() || ignored(s, slot)) {
            return false;
        }
        // the leader publishes its own logical slots, not those that PostgreSQL synchronises
        if (slot.leftover() && !s.cluster().status().slots().containsKey(slot.name())) {
            return s.otherLeads();
        }
        if (slot.logical()) {
            PermanentSlot.Logical definition = logical.get(slot.name());
            return definition == null || !definition.matches(slot) || lost(slot);
        }
        boolean harms = slot.xmin() || slot.restartLsn().isZero();
        return !wanted.contains(slot.name()) || lost(slot) || harms && usedElsewhere(s, slot);
    }

    private static boolean usedElsewhere(Situation s, LocalServer.Slot slot) {
        return s.otherLeads() && !feeds(s, slot) || leads(s) && ofCascade(s, slot).isPresent();
    }

    private static boolean leads(Situation s) {
        return s.iHoldKey() && s.server().primary();
    }

    private static boolean ignored(Situation s, LocalServer.Slot slot) {
        return OF_CITUS.matcher(slot.name()).matches()
                || s.self().slots().ignored().stream().anyMatch(element -> element.matches(slot));
    }

    static boolean lost(LocalServer.Slot slot) {
        return slot.walStatus().equals("lost");
    }

    /** Another standby than the leader feeds it. */
    private static boolean cascades(Situation s, Member member) {
        return Following.feeder(member.name(), member.tags(), s.cluster())
                .filter(feeder -> !s.cluster().leadership().heldBy(feeder.name()))
                .isPresent();
    }

    /**
     * An idle slot follows its member's position, so that it pins no WAL: as the leader sees it,
     * or, where the member streams from another standby, as the member itself publishes it.
     */
    private static Optional<SlotChange> advance(Situation s, LocalServer.Slot slot) {
        if (slot.active() || slot.logical() || slot.restartLsn().isZero()) {
            return Optional.empty();
        }
        Lsn limit =
                switch (s.server().answer().orElse(null)) {
                    case LocalServer.Answer.Standby standby -> standby.replayedLsn();
                    case LocalServer.Answer.Primary primary ->
                            s.leads() ? primary.flushedLsn() : Lsn.ZERO;
                    case null -> Lsn.ZERO;
                };
        Lsn target = ofCascade(s, slot).flatMap(member -> member.wal().location()).orElse(Lsn.ZERO);
        if (!s.leads()) {
            target = target.max(s.cluster().status().slots().getOrDefault(slot.name(), Lsn.ZERO));
        }
        Lsn reachable = target.compareTo(limit) < 0 ? target : limit;
        return reachable.compareTo(slot.restartLsn()) > 0
                ? Optional.of(new SlotChange.Advance(slot.name(), reachable))
                : Optional.empty();
    }

    /** Whether the slot's member streams from this standby, or will again when it is back. */
    private static boolean feeds(Situation s, LocalServer.Slot slot) {
        return s.cluster().members().values().stream()
                .filter(member -> SlotNames.of(member.name()).equals(slot.name()))
                .filter(member -> !s.cluster().leadership().heldBy(member.name()))
                .flatMap(member ->
                        Following.feeder(member.name(), member.tags(), s.cluster()).stream())
                .anyMatch(feeder -> feeder.name().equals(s.me()));
    }

    /** The slot's member, if it streams from another standby. */
    private static Optional<Member> ofCascade(Situation s, LocalServer.Slot slot) {
        return s.cluster().members().values().stream()
                .filter(member -> SlotNames.of(member.name()).equals(slot.name()))
                .filter(member -> cascades(s, member))
                .findFirst();
    }

    /**
     * What the leader publishes: its position, its members' slots, and the slots that must outlive
     * their members.
     */
    static ClusterStatus status(Situation s) {
        SortedMap<String, Lsn> positions = new TreeMap<>();
        boolean ofMembers = !s.settings().memberSlotsTtl().isZero();
        if (s.self().slots().used()) {
            SortedSet<String> wanted = ofMembers ? wanted(s) : PermanentSlots.physical(s);
            SortedMap<String, PermanentSlot.Logical> logical = PermanentSlots.logical(s);
            for (LocalServer.Slot slot : slots(s)) {
                if (lost(slot) || slot.leftover() || slot.restartLsn().isZero()) {
                    continue;
                }
                PermanentSlot.Logical definition = logical.get(slot.name());
                if (definition != null && definition.matches(slot)) {
                    positions.put(slot.name(), slot.confirmedFlushLsn());
                } else if (!slot.logical() && wanted.contains(slot.name())) {
                    positions.put(slot.name(), slot.restartLsn());
                }
            }
            if (ofMembers || !s.self().slots().permanent().isEmpty()) {
                positions.put(SlotNames.of(s.me()), s.position());
            }
        }
        return new ClusterStatus(
                Optional.of(s.position()),
                positions,
                List.copyOf(s.memory().slotsSeenNanos().keySet()));
    }

    /**
     * Stamps the slots of current members; those whose member is away for longer than the retention
     * are forgotten.
     */
    static SortedMap<String, Long> seen(Situation s) {
        SortedMap<String, Long> seen = new TreeMap<>(s.memory().slotsSeenNanos());
        if (seen.isEmpty()) {
            s.cluster().status().retainSlots().forEach(name -> seen.put(name, s.nowNanos()));
        }
        for (Member member : s.cluster().members().values()) {
            String slot = SlotNames.of(member.name());
            if (!member.tags().nostream() && !PermanentSlots.physical(s).contains(slot)) {
                seen.put(SlotNames.of(member.name()), s.nowNanos());
            }
        }
        long ttl = s.settings().memberSlotsTtl().toNanos();
        seen.entrySet().removeIf((Map.Entry<String, Long> e) -> s.nowNanos() - e.getValue() > ttl);
        return seen;
    }

    static List<LocalServer.Slot> slots(Situation s) {
        return switch (s.server().answer().orElse(null)) {
            case null -> List.of();
            case LocalServer.Answer.Primary primary -> primary.slots();
            case LocalServer.Answer.Standby standby -> standby.slots();
        };
    }
}
