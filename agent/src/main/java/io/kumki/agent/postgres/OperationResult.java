package io.kumki.agent.postgres;

/** How a longer piece of work on the local server ended; expected outcomes are values. */
public sealed interface OperationResult {

    record Done(String detail) implements OperationResult {}

    /**
     * It did not work; nothing further happens by itself. The reason is for people and names what
     * failed on what.
     */
    record Failed(String reason) implements OperationResult {}

    /** It was cancelled before its point of no return. */
    record Cancelled() implements OperationResult {}

    /**
     * Rewind only: its source doesn't answer as a primary now. Nothing was changed, so this says
     * nothing about whether it would work.
     */
    record Postponed(String reason) implements OperationResult {}

    /** Start only: the server is up but still recovering when the time limit passed. */
    record StillStarting() implements OperationResult {}

    default boolean done() {
        return this instanceof Done;
    }
}
