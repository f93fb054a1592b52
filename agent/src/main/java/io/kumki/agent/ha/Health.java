package io.kumki.agent.ha;

import io.kumki.dcs.cluster.Volumes;
import java.util.Locale;
import java.util.Optional;

/**
 * What the server lives on, and what it died of.
 *
 * @param volumes the room it has
 * @param ended what its end left as a cause, while it is down after an end that wasn't clean; empty
 *     if nothing was found
 */
public record Health(Volumes volumes, Optional<Cause> ended) {

    /** Nothing is known. */
    public static final Health UNKNOWN = new Health(Volumes.UNKNOWN, Optional.empty());

    /**
     * Less than this is no room: two segments of the usual size. A promotion begins a new one, and
     * so does recovery at its end.
     */
    static final long NEEDED_BYTES = 32L << 20;

    private static final long MB = 1L << 20;

    /**
     * Why a server ended.
     *
     * @param kind what can be done about it
     * @param text for people, such as PostgreSQL's last words
     */
    public record Cause(Kind kind, String text) {

        /** What can be done about it. */
        public enum Kind {
            /** The volume or a quota is full: it goes away with room. */
            NO_ROOM,
            /** The storage doesn't do what it should: read-only, I/O errors. */
            STORAGE,
            /** Something else: it may be the data, a statement or the software. */
            OTHER
        }
    }

    /** What there is too little room for; empty if there is room or nothing is known. */
    Optional<String> lacksRoom() {
        Optional<String> wal = volumes.wal().flatMap(volume -> lacks("WAL", volume));
        return wal.or(() -> volumes.data().flatMap(volume -> lacks("data", volume)));
    }

    private static Optional<String> lacks(String which, Volumes.Volume volume) {
        return volume.freeBytes() >= NEEDED_BYTES
                ? Optional.empty()
                : Optional.of(
                        String.format(
                                Locale.ROOT,
                                "its %s volume has %.1f MB free, and %d are needed",
                                which,
                                (double) volume.freeBytes() / MB,
                                NEEDED_BYTES / MB));
    }
}
