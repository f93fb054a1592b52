package io.kumki.agent.ha;

import io.kumki.agent.ha.LocalServer.Answer;
import io.kumki.dcs.cluster.Lsn;
import io.kumki.dcs.cluster.MemberName;
import io.kumki.dcs.cluster.SyncState;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * A primary with its standbys, as far as synchronous replication goes: each WAL sender and the
 * checkpointer learn of a new setting at their own time.
 */
final class SyncWorld {

    /** The planner under test. */
    interface Planner {
        SyncPlan.Next next(Situation s, Answer.Primary primary);
    }

    private static final class Standby {
        boolean connected;
        long flushed = 1000;

        /** The setting as this standby's sender knows it. */
        String known = "";

        boolean nosync;
        int priority = 1;

        /** It stays connected and confirms nothing. */
        boolean silent;

        /** Turns since the setting changed that this sender hasn't read. */
        int staleTurns;
    }

    /** More steps than any change takes, with those that a crash repeats. */
    private static final int MOST_TURNS = 60;

    private final Random chance;

    /** Of who falls silent, and of how time goes. */
    private final Random quiet;

    private final Planner planner;
    private final List<String> trace = new ArrayList<>();
    private final SortedMap<String, Standby> standbys = new TreeMap<>();
    private final List<Long> waiting = new ArrayList<>();
    private long now = Situations.NOW;
    private String leader = "n1";
    private String started = "0";
    private long end = 1000;
    private long acknowledged = 1000;
    private String names = "";
    private String checkpointerKnows = "";
    private SyncState key = SyncState.NONE;
    private long revision = 5;
    private Memory memory = Memory.FRESH;

    /** A write of the key without an answer, which comes later. */
    private Optional<Action.WriteSync> onItsWay = Optional.empty();

    private String mode = "off";
    private boolean strict;
    private int count = 1;
    private int promotions;
    private int keysWithStandbys;
    private int turnsWithSilent;

    SyncWorld(long seed, Planner planner) {
        this.chance = new Random(seed);
        this.quiet = new Random(~seed);
        this.planner = planner;
        for (String name : List.of("n2", "n3", "n4", "n5")) {
            standbys.put(name, new Standby());
        }
    }

    /** One event. What is promised is checked after each. */
    void event() {
        switch (chance.nextInt(20)) {
            case 0 -> settings();
            case 1 -> connection(chance.nextInt(4) == 0);
            case 2 -> tags();
            case 3, 4, 5 -> commit();
            case 6, 7, 8, 9 -> stream();
            case 10 -> senderReads(pick());
            case 11 -> checkpointerReads();
            case 12 -> crash();
            default -> turn();
        }
        if (quiet.nextInt(25) == 0) {
            lands();
        }
        check();
    }

    /** Everybody is there and nothing fails: soon nothing is left to do. */
    void calm() {
        lands();
        mode = chance.nextBoolean() ? "on" : "quorum";
        trace.add("calm " + mode + " count " + count);
        for (Standby one : standbys.values()) {
            one.connected = true;
            one.nosync = false;
            one.silent = false;
        }
        for (int turn = 0; turn < MOST_TURNS; turn++) {
            standbys.values().forEach(one -> one.flushed = end);
            standbys.values().forEach(this::senderReads);
            checkpointerReads();
            Situation s = situation();
            SyncPlan.Next next =
                    planner.next(s, (Answer.Primary) s.server().answer().orElseThrow());
            memory = next.memory();
            if (next.action().isEmpty() && next.again().isEmpty()) {
                int expected = mode.equals("on") ? Math.min(count, 4) : 4;
                if (key.standbys().size() != expected) {
                    break;
                }
                return;
            }
            next.action().ifPresent(this::perform);
            check();
        }
        throw new AssertionError("never done: " + key + "\n" + String.join("\n", trace));
    }

    int promotions() {
        return promotions;
    }

    int keysWithStandbys() {
        return keysWithStandbys;
    }

    int turnsWithSilent() {
        return turnsWithSilent;
    }

    List<String> trace() {
        return trace;
    }

    private void settings() {
        switch (chance.nextInt(5)) {
            case 0 -> mode = List.of("off", "on", "quorum").get(chance.nextInt(3));
            case 1, 2 -> mode = chance.nextBoolean() ? "on" : "quorum";
            case 3 -> strict = !strict;
            default -> count = 1 + chance.nextInt(3);
        }
        trace.add("settings " + mode + " strict " + strict + " count " + count);
    }

    private Standby pick() {
        return new ArrayList<>(standbys.values()).get(chance.nextInt(standbys.size()));
    }

    private void connection(boolean mayBreak) {
        Standby one = pick();
        one.connected = !one.connected || !mayBreak;
        one.known = names;
        trace.add("connections " + shown());
    }

    private void tags() {
        Standby one = pick();
        if (chance.nextBoolean()) {
            one.nosync = !one.nosync;
        } else {
            one.priority = 1 + chance.nextInt(3);
        }
    }

    private void commit() {
        end += 10;
        if (checkpointerKnows.isEmpty()) {
            acknowledge(end, "without waiting");
        } else {
            waiting.add(end);
        }
    }

    private void acknowledge(long lsn, String how) {
        if (lsn > acknowledged) {
            acknowledged = lsn;
            trace.add("acknowledged " + lsn + " " + how + " " + shown());
        }
    }

    private void stream() {
        for (Standby one : standbys.values()) {
            if (one.connected && !one.silent && chance.nextBoolean()) {
                one.flushed += Math.min(end - one.flushed, 10L * chance.nextInt(12));
                release(one);
            }
        }
    }

    /** A sender lets go of the commits that are confirmed as it knows the setting. */
    private void release(Standby sender) {
        SyncDemand demand = SyncDemand.parse(sender.known);
        waiting.removeIf(lsn -> {
            boolean confirmed =
                    demand.anybody()
                            ? sender.flushed >= lsn
                            : demand.count() > 0
                                    && standbys.entrySet().stream()
                                                    .filter(e -> e.getValue().connected)
                                                    .filter(e ->
                                                            demand.names().contains(e.getKey()))
                                                    .filter(e -> e.getValue().flushed >= lsn)
                                                    .count()
                                            >= demand.count();
            if (confirmed) {
                acknowledge(lsn, "by " + sender.known);
            }
            return confirmed;
        });
    }

    private void senderReads(Standby one) {
        one.known = names;
        one.staleTurns = 0;
        release(one);
    }

    /** When nobody is demanded any more, who waits is let go. */
    private void checkpointerReads() {
        checkpointerKnows = names;
        if (names.isEmpty()) {
            waiting.forEach(lsn -> acknowledge(lsn, "as nobody is demanded"));
            waiting.clear();
        }
    }

    private void set(String value) {
        if (!names.equals(value)) {
            names = value;
            trace.add("server demands \"" + value + "\"");
            standbys.values().forEach(one -> one.staleTurns = 0);
        }
    }

    private void crash() {
        switch (chance.nextInt(3)) {
            case 0 -> forgets();
            case 1 -> {
                started = started + "'";
                waiting.clear();
                checkpointerKnows = names;
                standbys.values().forEach(one -> one.connected = false);
                trace.add("server restarted");
            }
            default -> promoteSomebody();
        }
    }

    private void turn() {
        now += Duration.ofSeconds(quiet.nextInt(4)).toNanos();
        for (Standby one : standbys.values()) {
            one.silent = quiet.nextInt(one.silent ? 6 : 40) == 0 ? !one.silent : one.silent;
        }
        if (chance.nextInt(3) > 0) {
            checkpointerReads();
        }
        standbys.values()
                .forEach(one -> {
                    if (!one.known.equals(names) && one.staleTurns++ > 0) {
                        senderReads(one); // at the latest between the first look and the second
                    }
                });
        Situation s = situation();
        SyncPlan.Next next = planner.next(s, (Answer.Primary) s.server().answer().orElseThrow());
        memory = next.memory();
        turnsWithSilent += someSilent(s) ? 1 : 0;
        next.action().ifPresent(this::perform);
        if (chance.nextInt(10) == 0) {
            forgets();
        }
    }

    /** What an agent has sent comes before the next agent begins. */
    private void forgets() {
        lands();
        memory = Memory.FRESH;
    }

    private void lands() {
        onItsWay.ifPresent(late -> {
            trace.add("comes late");
            write(late.state(), late.revision());
        });
        onItsWay = Optional.empty();
    }

    private boolean someSilent(Situation s) {
        return s.server().answer().orElseThrow().info().senders().stream()
                .anyMatch(sender -> memory.sync().silence().silent(sender, now));
    }

    private void perform(Action action) {
        if (chance.nextInt(10) == 0) {
            trace.add("died before " + action);
            forgets();
            return;
        }
        switch (action) {
            case Action.WriteSync unanswered when quiet.nextInt(3) == 0 -> {
                lands();
                trace.add("no answer to " + unanswered);
                onItsWay = Optional.of(unanswered);
                memory = memory.withSyncUnanswered(unanswered.revision());
            }
            case Action.WriteSync(var state, long expected) -> write(state, expected);
            case Action.DeleteSync(long expected) -> {
                if (key.modRevision() == expected) {
                    key = SyncState.NONE;
                    trace.add("key deleted");
                }
            }
            case Action.SetSyncNames(var value) -> set(value.orElse(""));
            default -> throw new AssertionError("not a step: " + action);
        }
    }

    private void write(SyncState state, long expected) {
        if (key.modRevision() == expected) {
            key = new SyncState(state.leader(), state.syncQuorum(), state.standbys(), ++revision);
            keysWithStandbys += key.standbys().isEmpty() ? 0 : 1;
            trace.add("key " + key + " " + shown());
        }
    }

    private Situation situation() {
        Situations s = Situations.leader();
        List.of("n1", "n2", "n3").forEach(s::without);
        s.member(leader, "primary", io.kumki.dcs.cluster.Tags.NONE);
        List<LocalServer.Sender> senders = new ArrayList<>();
        SyncDemand inForce = SyncDemand.parse(names);
        standbys.forEach((name, one) -> {
            s.member(
                    name,
                    "replica",
                    io.kumki.dcs.cluster.Tags.of(
                            one.nosync
                                    ? new TreeMap<>(java.util.Map.of("nosync", true))
                                    : new TreeMap<>(
                                            java.util.Map.of("sync_priority", one.priority))));
            if (one.connected) {
                SyncDemand known = SyncDemand.parse(one.known);
                int priority = known.anybody() || known.names().contains(name) ? 1 : 0;
                Lsn at = new Lsn(one.flushed);
                senders.add(
                        new LocalServer.Sender(
                                "replicator",
                                name,
                                Optional.empty(),
                                "streaming",
                                priority == 0
                                        ? "async"
                                        : inForce.kind() == SyncDemand.Kind.ANY ? "quorum" : "sync",
                                priority,
                                at,
                                at,
                                at,
                                name));
            }
        });
        LocalServer.ServerInfo info =
                new LocalServer.ServerInfo(
                        started,
                        150004,
                        senders,
                        new LocalServer.SyncSetting(names, checkpointerKnows.equals(names)));
        return s.answers(new Answer.Primary(info, 2, new Lsn(end), List.of()))
                .set("synchronous_mode", mode.equals("off") ? (Object) false : mode)
                .set("synchronous_mode_strict", strict)
                .set("synchronous_node_count", count)
                .sync(key)
                .memory(_ -> memory)
                .at(now)
                .named(leader)
                .get();
    }

    // ---- what is promised
    // ----------------------------------------------------------------------------------------

    /** Whoever the key lets take over has every acknowledged commit. */
    private void check() {
        if (mode.equals("off") || !key.active()) {
            return;
        }
        for (String name : standbys.keySet()) {
            if (mayWin(name) && at(name) < acknowledged) {
                throw new AssertionError(
                        name
                                + " at "
                                + at(name)
                                + " may take over by "
                                + key
                                + ", but "
                                + acknowledged
                                + " is acknowledged: "
                                + shown()
                                + "\n"
                                + String.join("\n", trace));
            }
        }
    }

    /** With the votes of all who are there; the leader is not. */
    private boolean mayWin(String name) {
        boolean voter = key.namesStandby(new MemberName(name));
        if (!voter && !mode.equals("quorum")) {
            return false;
        }
        long votes =
                key.standbys().stream()
                        .filter(other -> !other.value().equals(name))
                        .filter(other -> standbys.containsKey(other.value()))
                        .filter(other -> at(other.value()) <= at(name))
                        .count();
        boolean counts = mode.equals("quorum") || key.syncQuorum() > 0;
        return !counts || votes >= key.syncQuorum() + (voter ? 0 : 1);
    }

    private long at(String name) {
        return java.util.Objects.requireNonNull(standbys.get(name), name).flushed;
    }

    private void promoteSomebody() {
        List<String> able = standbys.keySet().stream().filter(this::mayWin).toList();
        if (mode.equals("off") || !key.active() || able.isEmpty()) {
            return;
        }
        String winner = able.get(chance.nextInt(able.size()));
        promotions++;
        trace.add("promoted " + winner + " by " + key);
        Standby old = new Standby();
        old.flushed = end;
        end = at(winner);
        standbys.remove(winner);
        standbys.put(leader, old);
        leader = winner;
        started = started + "*";
        memory = Memory.FRESH;
        waiting.clear();
        Situation s = situation();
        for (Action step : SyncTakeover.steps(s)) {
            switch (step) {
                case Action.WriteSync(var state, long expected) -> write(state, expected);
                case Action.SetSyncNames(var value) -> set(value.orElse(""));
                default -> throw new AssertionError("not a step: " + step);
            }
        }
        checkpointerKnows = names;
        standbys.values()
                .forEach(one -> {
                    one.connected = false;
                    one.flushed = Math.min(one.flushed, end);
                });
    }

    private String shown() {
        StringBuilder text = new StringBuilder("[");
        standbys.forEach((name, one) ->
                text.append(name)
                        .append(one.connected ? "+" : "-")
                        .append(one.flushed)
                        .append(one.known.equals(names) ? " " : "? "));
        return text.append("end ").append(end).append(']').toString();
    }
}
