package io.kumki.agent.ha;

import java.time.Duration;

/** The rungs by which a member comes back, from the cheapest on, each with its limit. */
public enum Rung {
    FOLLOW(1, "follow as it is", "starting counts as under way after 60 s"),
    RESTART(2, "restart once", "at most primary_start_timeout"),
    REWIND(
            3,
            "pg_rewind",
            "at most "
                    + text(Limits.REWIND_LOOK)
                    + " to look and "
                    + text(Limits.REWIND_COPY)
                    + " to copy"),
    CLONE(4, "fresh copy", "at most " + text(Limits.COPY) + " for each replica method");

    /** Limits that the work on the data directory itself keeps. */
    public static final class Limits {

        /** Reads the local log since the fork and lists the source's files. */
        public static final Duration REWIND_LOOK = Duration.ofMinutes(30);

        /** Copies what changed since; a copy that takes longer is better made by a clone. */
        public static final Duration REWIND_COPY = Duration.ofHours(4);

        /**
         * Copies of many terabytes take days; more than a week is no progress. {@code reinit
         * --force} ends one at once.
         */
        public static final Duration COPY = Duration.ofDays(7);

        /** Replays all since the last checkpoint; as long as a start may take, and then some. */
        public static final Duration CRASH_RECOVERY = Duration.ofHours(1);

        private Limits() {}
    }

    private final int number;
    private final String title;
    private final String limit;

    Rung(int number, String title, String limit) {
        this.number = number;
        this.title = title;
        this.limit = limit;
    }

    /** What a decision says: which rung, how long, and why this one. */
    String because(String why) {
        return "rung "
                + number
                + " of "
                + values().length
                + ": "
                + title
                + ", "
                + limit
                + ", because "
                + why;
    }

    static String text(Duration limit) {
        if (limit.toDays() > 0) {
            return limit.toDays() + " days";
        }
        return limit.toHours() > 0 ? limit.toHours() + " h" : limit.toMinutes() + " min";
    }
}
