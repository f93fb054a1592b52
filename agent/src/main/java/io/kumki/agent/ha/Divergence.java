package io.kumki.agent.ha;

/** Whether the local log is a prefix of the leader's. */
public sealed interface Divergence {

    /** It is: the server may follow as it is. */
    record None(String reason) implements Divergence {}

    /**
     * It is, but what comes next is gone, at the leader and from the archive: a running standby can
     * never go on.
     */
    record Stranded(String reason) implements Divergence {}

    /**
     * It isn't: the server must be rewound or cloned before it may follow.
     *
     * @param unnoticed PostgreSQL, which compares numbers and places only, would take it for one:
     *     if it followed, the leader's log would be laid over the own one, and nobody would notice
     *     again
     */
    record Diverged(String reason, boolean unnoticed) implements Divergence {

        /** A divergence by which PostgreSQL itself refuses to stream. */
        public Diverged(String reason) {
            this(reason, false);
        }
    }

    /**
     * It could not be found out now (the leader doesn't answer, control file unusable): ask again,
     * each time a little later.
     *
     * @param times how often in a row
     * @param refused a server answered that this isn't allowed, so asking again changes nothing
     */
    record Unknown(String reason, int times, boolean refused) implements Divergence {
        public Unknown(String reason) {
            this(reason, 1, false);
        }

        Unknown after(Divergence before) {
            return before instanceof Unknown again
                    ? new Unknown(reason, again.times() + 1, refused)
                    : this;
        }
    }
}
