package io.kumki.agent.node;

import io.kumki.agent.ha.PeerAnswer;
import io.kumki.agent.ha.PrimaryCensus;
import io.kumki.agent.ha.Situation;
import io.kumki.dcs.cluster.Member;
import io.kumki.dcs.cluster.MemberName;
import io.vertx.core.Future;
import java.time.Duration;
import java.util.List;
import java.util.SortedMap;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Looks for a second primary beside the turns, so that no turn waits for it; on the loop's context.
 */
final class PrimaryWatch {

    private static final Logger LOG = LoggerFactory.getLogger(PrimaryWatch.class);

    private static final Duration LIMIT = Duration.ofSeconds(2);

    /** Two rounds make an alarm: the second follows at once, but after a hand-over's length. */
    private static final Duration SECOND_ROUND = Duration.ofSeconds(1);

    private final Peers peers;
    private final LoopClock clock;
    private final Supplier<Situation> situation;
    private final Supplier<? extends Future<?>> ownLook;
    private PrimaryCensus census = PrimaryCensus.NONE;
    private boolean asking;
    private boolean begun;
    private long nextNanos;

    /**
     * @param ownLook observes the own server anew, so that {@code situation} tells of it as it is:
     *     a turn may be long ago when this process was frozen, or an operation runs
     */
    PrimaryWatch(
            Peers peers,
            LoopClock clock,
            Supplier<Situation> situation,
            Supplier<? extends Future<?>> ownLook) {
        this.peers = peers;
        this.clock = clock;
        this.situation = situation;
        this.ownLook = ownLook;
    }

    /** Names of members that are primaries at the same time; empty if there is no sign of it. */
    List<String> primaries() {
        return census.names();
    }

    /** After each turn: asks, if something speaks for a second primary and it is time. */
    void look() {
        Situation s = situation.get();
        List<Member> others = PrimaryCensus.toAsk(s);
        if (asking || begun && !others.isEmpty() && clock.nanos() - nextNanos < 0) {
            return;
        }
        if (others.isEmpty()) {
            take(PrimaryCensus.NONE, s);
            return;
        }
        begun = true;
        asking = true;
        nextNanos = clock.nanos() + s.settings().timing().loopWait().toNanos();
        peers.ask(others, LIMIT)
                .compose(answers -> ownLook.get().map(answers))
                .onComplete(answers -> {
                    asking = false;
                    if (answers.succeeded()) {
                        answered(answers.result());
                    }
                });
    }

    private void answered(SortedMap<MemberName, PeerAnswer> answers) {
        Situation s = situation.get();
        take(census.after(s, answers), s);
        if (census.suspects()) {
            nextNanos = clock.nanos() + SECOND_ROUND.toNanos();
            clock.schedule(SECOND_ROUND, this::look);
        }
    }

    private void take(PrimaryCensus now, Situation s) {
        boolean news = !now.primaries().equals(census.primaries());
        census = now;
        if (news && now.alarm().isPresent()) {
            LOG.atError()
                    .addKeyValue("member", s.me())
                    .addKeyValue("primaries", now.alarm().get())
                    .log(
                            "more than one primary takes writes; stop all but the one that the leader key names, and see which rows only the others have");
        } else if (news) {
            LOG.atInfo().addKeyValue("member", s.me()).log("there is one primary at most again");
        }
    }
}
