package io.kumki.restapi;

import io.kumki.dcs.cluster.Lsn;
import java.time.Duration;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * What {@code ?min_lsn=0/5A3F1C8&timeout=200ms} asks of a health check for reading.
 *
 * @param position that must be replayed here
 * @param limit how long to wait for it
 */
record ReadYourWrites(Lsn position, Duration limit) {

    /** Usual lags are far below; who waits longer had better read from the primary. */
    static final Duration USUAL = Duration.ofSeconds(1);

    /** As long as connections may be silent. */
    static final Duration LONGEST = Duration.ofSeconds(10);

    private static final Pattern LIMIT = Pattern.compile("(\\d{1,6})(ms|s)");

    /** Whether a query asks for it: looked at with each probe, so without parsing it. */
    static boolean asked(String query) {
        return query.contains("min_lsn")
                || query.indexOf('%') >= 0 && Query.names(query, "min_lsn");
    }

    /**
     * @param query all of it, undecoded: a parameter without a value must not be overlooked here
     * @return empty if it isn't asked for
     * @throws Refusal 400, if a value can't be used
     */
    static Optional<ReadYourWrites> parse(String query) {
        Query parameters = Query.parse(query);
        Optional<String> position = parameters.get("min_lsn");
        if (position.isEmpty()) {
            if (Query.names(query, "min_lsn")) {
                throw badPosition("");
            }
            return Optional.empty();
        }
        return Optional.of(
                new ReadYourWrites(
                        position(position.get()),
                        parameters.get("timeout").map(ReadYourWrites::limit).orElse(USUAL)));
    }

    private static Lsn position(String text) {
        try {
            return Lsn.parse(text);
        } catch (IllegalArgumentException e) {
            throw badPosition(text);
        }
    }

    private static Refusal badPosition(String text) {
        return Refusal.text(
                400,
                "min_lsn=\""
                        + Answer.shown(text)
                        + "\" is no position: it must be two hexadecimal numbers with a slash"
                        + " between, such as 16/B374D848, as pg_current_wal_flush_lsn() gives it");
    }

    private static Duration limit(String text) {
        Matcher matcher = LIMIT.matcher(text);
        if (matcher.matches()) {
            long number = Long.parseLong(matcher.group(1));
            Duration limit =
                    matcher.group(2).equals("s")
                            ? Duration.ofSeconds(number)
                            : Duration.ofMillis(number);
            if (limit.compareTo(LONGEST) <= 0) {
                return limit;
            }
        }
        throw Refusal.text(
                400,
                "timeout=\""
                        + Answer.shown(text)
                        + "\" can't be used: it must be a whole number with the unit ms or s, from"
                        + " 0ms to "
                        + LONGEST.toSeconds()
                        + "s, such as 200ms");
    }
}
