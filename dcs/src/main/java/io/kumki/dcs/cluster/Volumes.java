package io.kumki.dcs.cluster;

import java.time.Duration;
import java.util.Optional;

/**
 * The room on the volumes that a server writes to.
 *
 * @param data the volume of the data directory; empty if it isn't known
 * @param wal the volume of its log; the same figures if both lie on one
 */
public record Volumes(Optional<Volume> data, Optional<Volume> wal) {

    public static final Volumes UNKNOWN = new Volumes(Optional.empty(), Optional.empty());

    /**
     * @param freeBytes what the server's user may still write
     * @param totalBytes the volume's size
     * @param fullIn when nothing is free any more if it goes on as in the last minutes; empty if it
     *     doesn't fill up
     */
    public record Volume(long freeBytes, long totalBytes, Optional<Duration> fullIn) {

        /** One that doesn't fill up. */
        public Volume(long freeBytes, long totalBytes) {
            this(freeBytes, totalBytes, Optional.empty());
        }

        /** Free bytes to their three leading binary digits: an eighth more or less is no news. */
        private Volume coarse() {
            long step = Math.max(1, Long.highestOneBit(Math.max(1, freeBytes)) >> 2);
            return new Volume(freeBytes / step * step, totalBytes);
        }
    }

    /** For the member's key: it shall not be written anew for each byte that changes. */
    public Volumes coarse() {
        return new Volumes(data.map(Volume::coarse), wal.map(Volume::coarse));
    }

    public boolean known() {
        return data.isPresent() || wal.isPresent();
    }
}
