package io.kumki.agent.ha;

/** How an operation ended. */
public sealed interface OperationOutcome {
    record Done(String detail) implements OperationOutcome {}

    record Failed(String reason) implements OperationOutcome {}

    record Cancelled() implements OperationOutcome {}

    /** It could not be tried now (its source is away); nothing was changed, try again. */
    record Postponed(String reason) implements OperationOutcome {}

    record StillStarting() implements OperationOutcome {}

    /** {@link Operation.Assess} only. */
    record Assessed(Divergence divergence) implements OperationOutcome {}

    default String text() {
        return switch (this) {
            case Done(String detail) -> detail.isEmpty() ? "done" : "done: " + detail;
            case Failed(String reason) -> "failed: " + reason;
            case Cancelled() -> "cancelled";
            case Postponed(String reason) -> "postponed: " + reason;
            case StillStarting() -> "still starting";
            case Assessed(Divergence divergence) -> divergence.toString();
        };
    }
}
