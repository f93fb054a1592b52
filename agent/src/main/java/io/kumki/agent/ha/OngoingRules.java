package io.kumki.agent.ha;

import java.time.Duration;
import java.util.Optional;

/** An operation runs: the turn keeps the lead alive beside it and ends what has lost its ground. */
final class OngoingRules {

    private OngoingRules() {}

    static Optional<Decision> decide(Situation s) {
        if (s.ongoing().isEmpty()) {
            return Optional.empty();
        }
        Situation.Ongoing ongoing = s.ongoing().get();
        if (ongoing.operation() instanceof Operation.Promote && !s.iHoldKey() && !s.paused()) {
            return Optional.of(
                    Decision.of(
                                    "promote.lost-the-key",
                                    "the leader key is gone while the promotion runs",
                                    s.memory(),
                                    new Action.CancelOperation())
                            .after(Duration.ofMillis(200)));
        }
        if (ongoing.operation() instanceof Operation.StepDown) {
            Optional<Decision> early = StepDownRules.releasesEarly(s);
            if (early.isPresent()) {
                return early;
            }
        }
        return Optional.of(
                Decision.of(
                        "operation.under-way",
                        ongoing.operation().title()
                                + " runs since "
                                + s.since(ongoing.startedNanos()).toSeconds()
                                + " s",
                        s.memory()));
    }
}
