package io.kumki.agent.ha;

import io.kumki.dcs.cluster.MemberName;
import java.util.Optional;

/**
 * Whose log the own one is. Two members that don't know of each other can be promoted to one
 * timeline number. PostgreSQL tells timelines apart by number alone, and a WAL receiver writes from
 * the beginning of a segment: it would lay the other log over the own one, after which no
 * comparison shows that they differed. So the logs are compared before such a member follows.
 *
 * @param leader who wrote the log of that timeline; this member itself while it was a primary
 * @param timeline the one that was written or received last
 */
public record Lineage(MemberName leader, int timeline) {

    /** The timeline that bootstrap begins: nobody is promoted to it, so there is only one. */
    private static final int FIRST = 1;

    /** What this turn shows; the memory's if that is nothing new. */
    static Optional<Lineage> refresh(Situation s) {
        Optional<Lineage> known = s.memory().lineage();
        if (s.server().primary()) {
            return Optional.of(new Lineage(s.me(), s.timeline()));
        }
        boolean streams =
                s.server().answer().orElse(null) instanceof LocalServer.Answer.Standby standby
                        && standby.receiver().filter(LocalServer.Receiver::streaming).isPresent();
        int timeline = Comparison.leaderTimeline(s);
        if (!streams
                || !s.otherLeads()
                || !s.followsTarget()
                || timeline == 0
                || s.timeline() != timeline) {
            return known;
        }
        Lineage now = new Lineage(s.cluster().leader().orElseThrow(), timeline);
        boolean contradicts =
                known.filter(before -> before.timeline == timeline)
                        .filter(before -> !before.leader.equals(now.leader))
                        .isPresent();
        return contradicts && !Comparison.fits(s) ? known : Optional.of(now);
    }

    /** Before the data directory is replaced by, or made fit, what this server has. */
    static Memory copies(Situation s, Memory memory, Optional<Upstream> source) {
        int timeline = Comparison.leaderTimeline(s);
        return memory.withLineage(
                source.flatMap(Upstream::member)
                        .filter(member -> s.cluster().leadership().heldBy(member) && timeline > 0)
                        .map(leader -> new Lineage(leader, timeline)));
    }

    /**
     * Whether the own log may be another one than the leader's although the numbers fit.
     *
     * @param own the own timeline
     */
    static boolean doubtful(Situation s, int own) {
        if (s.followsRemote() || !s.otherLeads() || s.self().tags().nostream()) {
            return false;
        }
        Optional<Lineage> known = known(s, own);
        if (known.isPresent()) {
            MemberName writer = known.get().leader;
            return !s.cluster().leader().equals(Optional.of(writer))
                    && (writer.equals(s.me()) || own > FIRST);
        }
        // a former primary that was told to follow nobody, before this agent was started
        return s.server().control().filter(LocalServer.ControlData::alone).isPresent();
    }

    /**
     * Whether something speaks for another log, and it isn't only that nobody has looked: without a
     * comparison such a server never follows.
     *
     * @param own the own timeline
     */
    static boolean suspected(Situation s, int own) {
        boolean ofSomeoneElse =
                known(s, own)
                        .filter(line ->
                                line.leader.equals(s.me()) || own == Comparison.leaderTimeline(s))
                        .isPresent();
        return doubtful(s, own) && (ofSomeoneElse || known(s, own).isEmpty());
    }

    /**
     * Whether this agent hasn't seen yet whose log the own one is. Whom the server followed before
     * it may follow again; nobody else before the logs are compared.
     *
     * @param own the own timeline
     */
    static boolean unknown(Situation s, int own) {
        return own > FIRST
                && !s.followsRemote()
                && s.otherLeads()
                && !s.self().tags().nostream()
                && known(s, own).isEmpty();
    }

    private static Optional<Lineage> known(Situation s, int own) {
        return s.memory().lineage().filter(line -> line.timeline == own);
    }
}
