package io.kumki.agent.node;

import io.kumki.agent.ha.Action;
import io.kumki.agent.ha.Decision;
import io.kumki.agent.ha.Rules;
import io.kumki.dcs.cluster.MemberName;
import io.kumki.restapi.DecisionEntry;
import io.kumki.restapi.NodeSnapshot;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.Collections;
import java.util.Deque;
import java.util.List;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.slf4j.event.Level;

/**
 * The last decisions, and how often each rule decided. A decision that only repeats the one before
 * is counted, not logged.
 */
final class DecisionLog {

    private static final Logger LOG = LoggerFactory.getLogger(DecisionLog.class);

    /** How many are kept. */
    static final int CAPACITY = 100;

    private final MemberName self;
    private final Deque<DecisionEntry> newestFirst = new ArrayDeque<>();
    private final SortedMap<String, Long> byRule = new TreeMap<>();
    private Optional<NodeSnapshot.Rejoin> rejoin = Optional.empty();
    private volatile List<DecisionEntry> published = List.of();
    private volatile SortedMap<String, Long> publishedByRule = new TreeMap<>();

    DecisionLog(MemberName self) {
        this.self = self;
    }

    /** The step of the way back that the last decision is about, or that goes on since. */
    Optional<NodeSnapshot.Rejoin> rejoin() {
        return rejoin;
    }

    private Optional<NodeSnapshot.Rejoin> step(Instant time, Decision decision) {
        if (decision.rule().startsWith("rejoin.")) {
            Instant since =
                    rejoin.filter(step -> step.rule().equals(decision.rule()))
                            .map(NodeSnapshot.Rejoin::since)
                            .orElse(time);
            return Optional.of(new NodeSnapshot.Rejoin(decision.rule(), decision.reason(), since));
        }
        return decision.rule().equals("operation.under-way") ? rejoin : Optional.empty();
    }

    /**
     * Notes a decision and what became of it.
     *
     * @return the decision, unless it repeats the one before
     */
    Optional<DecisionEntry> note(
            Instant time, Decision decision, String outcome, String leader, long leaseLeftMs) {
        rejoin = step(time, decision);
        byRule.merge(decision.rule(), 1L, Long::sum);
        publishedByRule = Collections.unmodifiableSortedMap(new TreeMap<>(byRule));
        List<String> actions = describe(decision.actions());
        DecisionEntry last = newestFirst.peekFirst();
        boolean repeats =
                last != null
                        && last.rule().equals(decision.rule())
                        && last.actions().equals(actions)
                        && last.outcome().equals(outcome);
        if (repeats) {
            newestFirst.removeFirst();
            newestFirst.addFirst(
                    entry(last.time(), decision, actions, outcome, last.repeated() + 1));
        } else {
            newestFirst.addFirst(entry(time, decision, actions, outcome, 1));
            if (newestFirst.size() > CAPACITY) {
                newestFirst.removeLast();
            }
            LOG.atLevel(Rules.needsPerson(decision.rule()) ? Level.ERROR : Level.INFO)
                    .addKeyValue("member", self)
                    .addKeyValue("rule", decision.rule())
                    .addKeyValue("reason", decision.reason())
                    .addKeyValue("action", String.join(", ", actions))
                    .addKeyValue("outcome", outcome)
                    .addKeyValue("leader", leader)
                    .addKeyValue("leaseLeftMs", leaseLeftMs)
                    .log("decision taken");
        }
        published = List.copyOf(newestFirst);
        return repeats ? Optional.empty() : Optional.of(newestFirst.getFirst());
    }

    private static DecisionEntry entry(
            Instant time, Decision decision, List<String> actions, String outcome, long repeated) {
        return new DecisionEntry(
                time, decision.rule(), decision.reason(), actions, outcome, repeated);
    }

    static List<String> describe(List<Action> actions) {
        return actions.stream().map(DecisionLog::describe).toList();
    }

    private static String describe(Action action) {
        return switch (action) {
            case Action.Start(var operation) -> "start " + operation.title();
            case Action.AskMembers(var members) -> "ask " + members.size() + " members";
            case Action.ReleaseLeadership(var lsn) ->
                    "release leadership" + lsn.map(position -> " at " + position).orElse("");
            case Action.Exit exit -> "exit";
            case Action.PublishMember _ -> "publish member";
            case Action.PublishStatus _ -> "publish status";
            default -> action.getClass().getSimpleName();
        };
    }

    /** On any thread. */
    List<DecisionEntry> newestFirst() {
        return published;
    }

    /** On any thread. */
    SortedMap<String, Long> byRule() {
        return publishedByRule;
    }
}
