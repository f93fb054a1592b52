package io.kumki.agent.ha;

/** Whether the local log is a prefix of the leader's. */
public sealed interface Divergence {

    /** It is: the server may follow as it is. */
    record None(String reason) implements Divergence {}

    /** It isn't: the server must be rewound or cloned before it may follow. */
    record Diverged(String reason) implements Divergence {}

    /**
     * It could not be found out now (the leader doesn't answer, control file unusable): ask again.
     */
    record Unknown(String reason) implements Divergence {}
}
