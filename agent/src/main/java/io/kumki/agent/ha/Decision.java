package io.kumki.agent.ha;

import java.time.Duration;
import java.util.List;

/**
 * What a turn comes to.
 *
 * @param rule the rule's stable name: in logs, metrics, {@code GET /decisions}, tests
 * @param reason the facts that led to it, for people
 * @param actions to be performed in order, up to the first that fails
 * @param memory what later turns must know
 * @param next when the next turn is due
 */
public record Decision(String rule, String reason, List<Action> actions, Memory memory, Next next) {

    public Decision {
        actions = List.copyOf(actions);
    }

    /** When to turn again; any event may come earlier. */
    public sealed interface Next {
        /** After {@code loop_wait}. */
        record LoopWait() implements Next {}

        /** At once, because the actions changed the facts. */
        record AtOnce() implements Next {}

        record After(Duration delay) implements Next {}
    }

    public static Decision of(String rule, String reason, Memory memory, Action... actions) {
        return new Decision(rule, reason, List.of(actions), memory, new Next.LoopWait());
    }

    public Decision atOnce() {
        return new Decision(rule, reason, actions, memory, new Next.AtOnce());
    }

    public Decision after(Duration delay) {
        return new Decision(rule, reason, actions, memory, new Next.After(delay));
    }

    /** The member list to be asked before this can be decided; empty for a final decision. */
    public List<io.kumki.dcs.cluster.Member> questions() {
        return actions.size() == 1 && actions.getFirst() instanceof Action.AskMembers(var members)
                ? members
                : List.of();
    }
}
