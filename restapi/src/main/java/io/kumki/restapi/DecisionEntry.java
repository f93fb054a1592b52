package io.kumki.restapi;

import java.time.Instant;
import java.util.List;

/**
 * One decision of the loop, for people.
 *
 * @param time when it was taken
 * @param rule the rule's stable name
 * @param reason the facts that led to it
 * @param actions what was to be done, in order
 * @param outcome what became of it: {@code done}, {@code failed: …}, {@code running}
 * @param repeated how many turns in a row came to this same decision
 */
public record DecisionEntry(
        Instant time,
        String rule,
        String reason,
        List<String> actions,
        String outcome,
        long repeated) {}
