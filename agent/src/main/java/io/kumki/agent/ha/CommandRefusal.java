package io.kumki.agent.ha;

/** Why an operator's command isn't carried out. */
public sealed interface CommandRefusal {
    record ConditionsNotMet() implements CommandRefusal {}

    /** The server is coming up already; it isn't stopped amid its recovery. */
    record StillStarting() implements CommandRefusal {}

    record Busy(String what) implements CommandRefusal {}

    record NoLeader() implements CommandRefusal {}

    record IsLeader() implements CommandRefusal {}

    record NotPossible(String reason) implements CommandRefusal {}
}
