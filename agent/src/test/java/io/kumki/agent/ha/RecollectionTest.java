package io.kumki.agent.ha;

import static io.kumki.agent.ha.Situations.NOW;
import static io.kumki.agent.ha.Situations.leader;
import static io.kumki.agent.ha.Situations.standby;
import static java.time.Duration.ofSeconds;
import static org.assertj.core.api.Assertions.assertThat;

import io.kumki.agent.ha.LocalServer.Answer;
import io.kumki.agent.ha.LocalServer.Postmaster;
import io.kumki.dcs.cluster.ClusterStatus;
import io.kumki.dcs.cluster.Lsn;
import io.kumki.dcs.cluster.MemberName;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.SortedMap;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What is remembered, and what must be forgotten. */
@Timeout(10)
class RecollectionTest {

    @Test
    void slotStampsOfAnEarlierLeadershipAreForgotten() {
        Situations given = standby().memory(m -> m.withSlotsSeen(stamps("n3", 0)));
        assertThat(Recollection.refresh(given.get()).slotsSeenNanos()).isEmpty();
    }

    @Test
    void aNewLeaderKeepsTheSlotsThatTheFormerRetained() {
        ClusterStatus status =
                new ClusterStatus(Optional.empty(), new TreeMap<>(), List.of("gone"));
        assertThat(SlotPlan.seen(leader().status(status).get()))
                .containsOnlyKeys("gone", "n1", "n2", "n3")
                .containsEntry("gone", NOW);
    }

    @Test
    void aSlotIsRetainedUpToTheTimeToLiveAndNotLonger() {
        long ttl = Duration.ofSeconds(1800).toNanos();
        assertThat(
                        SlotPlan.seen(
                                leader().memory(m -> m.withSlotsSeen(stamps("gone", NOW - ttl)))
                                        .get()))
                .containsKey("gone");
        assertThat(
                        SlotPlan.seen(
                                leader().memory(m -> m.withSlotsSeen(stamps("gone", NOW - ttl - 1)))
                                        .get()))
                .doesNotContainKey("gone");
    }

    @Test
    void aStreamingStandbyForgetsTheWayBackButNotThePauseBeforeTheNextTry() {
        Situations given =
                standby()
                        .rejoining(r -> r.withStart(3, OptionalLong.of(NOW + 5)))
                        .verdict(new Divergence.None(""));
        Memory.Rejoin rejoin = Recollection.refresh(given.get()).rejoin();
        assertThat(rejoin).isEqualTo(Memory.Rejoin.FRESH.withRetryAt(OptionalLong.of(NOW + 5)));
    }

    @Test
    void itIsRememberedWhoseLogTheOwnOneIs() {
        assertThat(lineage(leader())).contains(new Lineage(new MemberName("n1"), 2));
        assertThat(lineage(standby())).contains(new Lineage(new MemberName("n1"), 2));
        assertThat(lineage(standby().followsAnother()))
                .as("what it streams isn't the leader's")
                .isEmpty();
        assertThat(lineage(standby().wrote("n3", 1)))
                .as("a newer timeline")
                .contains(new Lineage(new MemberName("n1"), 2));
        assertThat(lineage(standby().wrote("n3", 2)))
                .as("the number is another primary's, and nobody has compared")
                .contains(new Lineage(new MemberName("n3"), 2));
        assertThat(lineage(standby().wrote("n3", 2).verdict(new Divergence.None(""))))
                .contains(new Lineage(new MemberName("n1"), 2));
    }

    private static Optional<Lineage> lineage(Situations given) {
        return Recollection.refresh(given.get()).lineage();
    }

    @Test
    void aStandbyThatReplaysFromAnArchiveIsNotStalled() {
        Situations given =
                standby()
                        .answers(Situations.standbyAnswer(900, false))
                        .stalledFor(ofSeconds(200))
                        .rejoining(r -> r.withReplayed(new Lsn(800)));
        Memory moved = Recollection.refresh(given.get());
        assertThat(moved.rejoin().stalledSinceNanos()).hasValue(NOW);

        Memory stands =
                Recollection.refresh(given.memory(_ -> moved).stalledFor(ofSeconds(9)).get());
        assertThat(stands.rejoin().stalledSinceNanos()).hasValue(NOW - ofSeconds(9).toNanos());
    }

    /** {@code seconds} after the first turn, at a position; the leader has published 1000. */
    private static Memory turn(Memory before, Answer.Standby answer, int seconds) {
        Situation s =
                standby()
                        .at(NOW + ofSeconds(seconds).toNanos())
                        .answers(answer)
                        .memory(_ -> before)
                        .get();
        return Recollection.refresh(s);
    }

    @Test
    void aStandbyStandsStillOnlyWhileItsLeaderIsAhead() {
        Answer.Standby behind = Situations.standbyAnswer(900, true);
        Memory first = turn(Memory.FRESH, behind, 0);
        Memory later = turn(first, behind, 40);
        assertThat(later.standstill().orElseThrow().sinceNanos()).isEqualTo(NOW);
        Situation now = standby().answers(behind).memory(_ -> later).get();
        assertThat(Standstill.lasting(now)).hasValue(ofSeconds(40));
        assertThat(Standstill.lasting(now.withMemory(first)))
                .as("seen once")
                .hasValue(Duration.ZERO);

        Memory moved = turn(later, Situations.standbyAnswer(901, true), 41);
        assertThat(moved.standstill().orElseThrow().sinceNanos())
                .isEqualTo(NOW + ofSeconds(41).toNanos());
        assertThat(turn(later, Situations.standbyAnswer(1000, true), 41).standstill())
                .as("an idle leader")
                .isEmpty();
    }

    /** A WAL receiver says that it streams until it is told that the log it wants is gone. */
    @Test
    void aStreamThatBringsNothingDoesNotEndAStall() {
        Memory stalled = turn(Memory.FRESH, Situations.standbyAnswer(900, false), 0);
        Memory flickers = turn(stalled, Situations.standbyAnswer(900, true), 40);
        assertThat(flickers.rejoin().stalledSinceNanos()).hasValue(NOW);
        Memory moves = turn(stalled, Situations.standbyAnswer(901, true), 40);
        assertThat(moves.rejoin().stalledSinceNanos()).isEmpty();
        Memory whole = turn(stalled, Situations.standbyAnswer(1000, true), 40);
        assertThat(whole.rejoin().stalledSinceNanos()).isEmpty();
    }

    @Test
    void whatAnOperatorAskedForIsNoStandstill() {
        Answer.Standby behind = Situations.standbyAnswer(900, true);
        assertThat(turn(Memory.FRESH, held(behind, true, false), 0).standstill()).isEmpty();
        assertThat(turn(Memory.FRESH, held(behind, false, true), 0).standstill()).isEmpty();
        Situation vacant = standby().answers(behind).vacant().get();
        assertThat(Recollection.refresh(vacant).standstill()).isEmpty();
    }

    private static Answer.Standby held(Answer.Standby answer, boolean paused, boolean delayed) {
        return new Answer.Standby(
                answer.info(),
                answer.timeline(),
                answer.receivedLsn(),
                answer.replayedLsn(),
                answer.replayedTimestamp(),
                paused,
                answer.receiver(),
                answer.restoreCommand(),
                delayed,
                answer.slots());
    }

    @Test
    void aStandbyInStartIsTimed() {
        Memory memory = Recollection.refresh(standby().mute(Postmaster.STARTING).get());
        assertThat(memory.rejoin().stalledSinceNanos()).hasValue(NOW);
    }

    @Test
    void aHandOverEndsWithTheKey() {
        Situations given =
                leader().steppingDown(Optional.of(ofSeconds(1)), Optional.empty()).held("n2");
        assertThat(Recollection.refresh(given.get()).stepDown()).isEmpty();
        Situations silent =
                leader().steppingDown(Optional.of(ofSeconds(1)), Optional.empty()).silent();
        assertThat(Recollection.refresh(silent.get()).stepDown()).isPresent();
    }

    @Test
    void aFailedFollowIsNotRepeatedAtOnce() {
        Situation.Ongoing follow =
                new Situation.Ongoing(
                        new Operation.Follow(StandbyTarget.NOBODY), NOW, Optional.<Lsn>empty());
        Memory memory =
                Aftermath.of(
                        Memory.FRESH,
                        follow,
                        new OperationOutcome.Failed("disk full"),
                        ofSeconds(30),
                        NOW);
        assertThat(memory.rejoin().retryAtNanos()).hasValue(NOW + ofSeconds(1).toNanos());
    }

    /** Else a copy of another log with the same number would pass for the one before. */
    @Test
    void whoseLogItWouldBeIsForgottenWhenTheCopyFails() {
        Upstream leader =
                new Upstream(Optional.empty(), "127.0.0.1", 5432, "postgres", Optional.empty());
        Memory known = Memory.FRESH.withLineage(Optional.of(new Lineage(new MemberName("n1"), 2)));
        for (Operation operation :
                List.of(
                        new Operation.Clone(Optional.of(leader), Optional.empty(), false, false),
                        new Operation.Rewind(leader))) {
            Memory after =
                    Aftermath.of(
                            known,
                            new Situation.Ongoing(operation, NOW, Optional.<Lsn>empty()),
                            new OperationOutcome.Failed("disk full"),
                            ofSeconds(30),
                            NOW);
            assertThat(after.lineage()).as(operation.title()).isEmpty();
        }
    }

    /** Its look at the logs may take half an hour: tried without end, the member never returns. */
    @Test
    void aRewindThatRanOutOfTimeGivesWayToACopyWhereThatIsAllowed() {
        Upstream leader =
                new Upstream(Optional.empty(), "127.0.0.1", 5432, "postgres", Optional.empty());
        Situations given =
                RulesTest.formerPrimary()
                        .verdict(new Divergence.Diverged("it has more"))
                        .rejoin(true, true, false);
        assertThat(Rules.decide(given.get()).rule()).isEqualTo("rejoin.rewinds");
        Memory after =
                Aftermath.of(
                        given.get().memory(),
                        new Situation.Ongoing(
                                new Operation.Rewind(leader), NOW, Optional.<Lsn>empty()),
                        new OperationOutcome.Failed("no end within 30 min"),
                        ofSeconds(30),
                        NOW);
        given.memory(_ -> after).at(after.rejoin().retryAtNanos().orElseThrow());
        assertThat(Rules.decide(given.get()).rule()).isEqualTo("rejoin.clones");
    }

    @Test
    void aComparisonThatKeepsFailingIsRepeatedLessAndLessOften() {
        Upstream leader =
                new Upstream(
                        Optional.of(new MemberName("n1")),
                        "127.0.0.1",
                        5432,
                        "postgres",
                        Optional.empty());
        Situation.Ongoing assess =
                new Situation.Ongoing(new Operation.Assess(leader, 2), NOW, Optional.<Lsn>empty());
        Memory memory = Memory.FRESH;
        for (int pause : List.of(1, 2, 4, 8, 16, 30, 30)) {
            memory =
                    Aftermath.of(
                            memory,
                            assess,
                            new OperationOutcome.Failed("refused"),
                            ofSeconds(30),
                            NOW);
            assertThat(memory.rejoin().retryAtNanos()).hasValue(NOW + ofSeconds(pause).toNanos());
        }
        assertThat(memory.rejoin().verdict())
                .hasValue(new Divergence.Unknown("failed: refused", 7, false));
    }

    @Test
    void aScheduledSwitchoverWakesTheLeaderInTime() {
        Decision soon = Rules.decide(leader().request("n1", "", "2026-01-02T03:04:09Z").get());
        assertThat(soon.next()).isEqualTo(new Decision.Next.After(ofSeconds(4)));
        Decision later = Rules.decide(leader().request("n1", "", "2026-01-02T03:04:15Z").get());
        assertThat(later.next()).isEqualTo(new Decision.Next.LoopWait());
    }

    @Test
    void aQuietTurnOfAPublishedMemberWritesNothing() {
        Situation s = standby().leaseLeft(ofSeconds(20)).get();
        var own = Published.member(s, Optional.empty());
        Situation published = standby().leaseLeft(ofSeconds(20)).change("n2", _ -> own).get();
        List<Action> actions = Upkeep.plan(published, Optional.empty()).actions();
        assertThat(actions).noneMatch(Action.PublishMember.class::isInstance);
    }

    private static SortedMap<String, Long> stamps(String name, long nanos) {
        TreeMap<String, Long> stamps = new TreeMap<>();
        stamps.put(name, nanos);
        return stamps;
    }
}
