package io.kumki.agent.ha;

import io.kumki.agent.ha.Health.Cause;
import io.kumki.agent.ha.Memory.StepDown;
import io.kumki.dcs.cluster.Member;
import io.kumki.dcs.cluster.MemberName;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * A primary that crashes again and again, or whose storage can't take its log: another member takes
 * over if it is better off. If all are as badly off nobody does, since that would only move the
 * crashes: the server stays down and says why, and is started again when its storage has room, or
 * after a long pause.
 */
final class CrashRules {

    /** A server that stays down is tried this seldom, in case what is wrong can't be seen. */
    private static final Duration SELDOM = Duration.ofMinutes(2);

    private static final Duration FIRST_PAUSE = Duration.ofSeconds(1);

    private static final Duration LONGEST_PAUSE = Duration.ofSeconds(30);

    private CrashRules() {}

    /** Why the lead is better given away, if somebody better off can take it. */
    static Optional<String> trouble(Situation s) {
        Optional<String> cause = storage(s).or(() -> lastWords(s));
        return Crashes.loop(s)
                .map(loop -> loop + cause.map(text -> ": " + text).orElse(""))
                .or(() -> storage(s));
    }

    /** What is wrong with the storage, by its room or by the server's last words. */
    private static Optional<String> storage(Situation s) {
        Health health = s.server().health();
        return health.ended()
                .filter(cause -> cause.kind() != Cause.Kind.OTHER)
                .map(Cause::text)
                .or(health::lacksRoom);
    }

    private static Optional<String> lastWords(Situation s) {
        return s.server().health().ended().map(Cause::text);
    }

    /**
     * PostgreSQL starts its processes anew after a backend's crash, so the server is up between two
     * crashes: it is handed over in good order, once for each crash.
     */
    static Optional<Decision> handsOverWhileUp(Situation s) {
        Crashes crashes = s.memory().crashes();
        Optional<String> loop = Crashes.loop(s);
        List<Member> asked = Candidates.toAsk(s, Optional.empty());
        if (s.paused() || loop.isEmpty() || crashes.handOverTried() || asked.isEmpty()) {
            return Optional.empty();
        }
        if (s.peers().isEmpty()) {
            return Optional.of(
                    Decision.of(
                            "crashes.asks-for-successor",
                            loop.get(),
                            s.memory(),
                            new Action.AskMembers(asked)));
        }
        SortedMap<MemberName, String> refusals = refusals(s, asked);
        boolean streams =
                asked.stream()
                        .filter(member -> !refusals.containsKey(member.name()))
                        .anyMatch(member -> StepDownRules.streamsFromHere(s, member));
        if (!streams) {
            return Optional.empty();
        }
        return Optional.of(
                Decision.of(
                        "crashes.stops-primary",
                        loop.get() + ", and another member can take over",
                        s.memory()
                                .withCrashes(crashes.withHandOverTried())
                                .withStepDown(Optional.of(StepDown.unasked(s.nowNanos()))),
                        new Action.Start(new Operation.StepDown(s.stopLimit()))));
    }

    /** Members that can't take over, those included that are as badly off. */
    static SortedMap<MemberName, String> refusals(Situation s, List<Member> asked) {
        SortedMap<MemberName, String> refusals =
                Candidates.refusalsWithVotes(s, asked, Optional.empty(), true);
        impaired(s).forEach((name, why) -> refusals.putIfAbsent(name, why));
        return refusals;
    }

    private static SortedMap<MemberName, String> impaired(Situation s) {
        SortedMap<MemberName, String> impaired = new TreeMap<>();
        s.peers()
                .orElse(new TreeMap<>())
                .forEach((name, answer) -> {
                    if (answer instanceof PeerAnswer.Reached reached) {
                        reached.impaired().ifPresent(why -> impaired.put(name, why));
                    }
                });
        return impaired;
    }

    /**
     * The server is down, and nobody better off can take over: it stays down, or its next start
     * waits. Empty: it may be started.
     */
    static Optional<Decision> staysDown(Situation s) {
        Optional<String> storage = storage(s);
        Optional<String> loop = Crashes.loop(s);
        boolean startsFail = s.memory().rejoin().failedStarts() > 0;
        if (storage.isPresent() && (loop.isPresent() || startsFail) && !roomIsBack(s)) {
            return staysDown(
                    s,
                    "recovery.storage-stays-down",
                    storage.get() + "; it is started again once that is over",
                    SELDOM);
        }
        if (loop.isEmpty()) {
            return Optional.empty();
        }
        if (allAreImpaired(s)) {
            return staysDown(s, "recovery.crash-loop-everywhere-stays-down", loop.get(), SELDOM);
        }
        int beyond = Crashes.recent(s) - s.settings().crashLoop().crashes();
        Duration pause = FIRST_PAUSE.multipliedBy(1L << Math.min(beyond, 10));
        return sinceTrouble(s).compareTo(Durations.shorter(pause, LONGEST_PAUSE)) >= 0
                ? Optional.empty()
                : Optional.of(
                        Decision.of(
                                        "recovery.crash-loop-pauses",
                                        trouble(s).orElseThrow()
                                                + "; nobody can take over, so it is started again after a pause",
                                        s.memory())
                                .after(Duration.ofMillis(500)));
    }

    private static Optional<Decision> staysDown(
            Situation s, String rule, String why, Duration again) {
        return sinceTrouble(s).compareTo(again) >= 0
                ? Optional.empty()
                : Optional.of(
                        Decision.of(
                                        rule,
                                        why + "; no other member is better off: " + others(s),
                                        s.memory())
                                .after(Duration.ofSeconds(1)));
    }

    private static String others(Situation s) {
        return Candidates.describe(refusals(s, Candidates.toAsk(s, Optional.empty())));
    }

    /** A full volume that isn't full any more; what PostgreSQL said then counts no more. */
    private static boolean roomIsBack(Situation s) {
        Health health = s.server().health();
        boolean onlyRoom =
                health.ended().filter(cause -> cause.kind() == Cause.Kind.STORAGE).isEmpty();
        return onlyRoom && health.volumes().known() && health.lacksRoom().isEmpty();
    }

    /** Everybody who was asked is up, and as badly off. */
    private static boolean allAreImpaired(Situation s) {
        List<Member> asked = Candidates.toAsk(s, Optional.empty());
        return !asked.isEmpty()
                && asked.stream().allMatch(member -> impaired(s).containsKey(member.name()));
    }

    private static Duration sinceTrouble(Situation s) {
        List<Long> crashes = s.memory().crashes().atNanos();
        Duration sinceCrash = crashes.isEmpty() ? SELDOM : s.since(crashes.getLast());
        return s.memory().crashedSinceNanos().isPresent()
                ? Durations.shorter(sinceCrash, s.since(lastStart(s)))
                : sinceCrash;
    }

    /** When the last start failed, or the server was first seen down. */
    private static long lastStart(Situation s) {
        long down = s.memory().crashedSinceNanos().orElseThrow();
        long failed = s.memory().rejoin().failedAtNanos().orElse(down);
        return failed - down > 0 ? failed : down;
    }
}
