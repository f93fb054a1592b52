package io.kumki.agent.ha;

import java.util.List;
import java.util.Optional;
import java.util.function.Function;

/**
 * The policy: one ordered list of rules. The first rule that answers decides; their order is what
 * settles conflicts. Safety comes first: what ends a lost leadership stands before everything that
 * could wait for something.
 */
public final class Rules {

    /** A small pure function that answers, or passes. */
    @FunctionalInterface
    interface Rule extends Function<Situation, Optional<Decision>> {}

    private static final List<Rule> ORDER =
            List.of(
                    // no lead without a lease
                    FencingRules::stopsWhenLeaseRanOut,
                    FencingRules::stopsWhenAnotherLeads,
                    StoreSilenceRules::decide,
                    // whose data is this
                    IdentityRules::leavesForeignCluster,
                    IdentityRules::recordsMissingIdentifier,
                    // work under way
                    BootstrapRules::decide,
                    OperatorRules::decide,
                    OngoingRules::decide,
                    // nothing to run
                    DataDirectoryRules::decide,
                    // a server that isn't up
                    OrphanRules::decide,
                    StepDownRules::handsOver,
                    RecoveryRules::decide,
                    StartingRules::decide,
                    // a server that is up
                    LeaderRules::decide,
                    FollowerRules::decide,
                    ElectionRules::decide);

    private Rules() {}

    /** Whether a rule leaves something undone that only a person can put right. */
    public static boolean needsPerson(String rule) {
        return rule.endsWith("-stays-down");
    }

    /** Decides one turn. Total: there is always a decision, if only to wait. */
    public static Decision decide(Situation raw) {
        Situation s = raw.withMemory(Recollection.refresh(raw));
        for (Rule rule : ORDER) {
            Optional<Decision> decision = rule.apply(s);
            if (decision.isPresent()) {
                return decision.get();
            }
        }
        return Decision.of("wait.no-rule-applies", "nothing to do in this state", s.memory());
    }
}
