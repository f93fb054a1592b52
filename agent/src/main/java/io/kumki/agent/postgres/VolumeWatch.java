package io.kumki.agent.postgres;

import io.kumki.dcs.cluster.Volumes;
import io.kumki.dcs.cluster.Volumes.Volume;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.LongSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Measures the room on the volumes of the data directory and of its log, and warns while one will
 * be full within the hour. Calls may block (a dead network volume); thread-safe.
 */
final class VolumeWatch {

    private static final Logger LOG = LoggerFactory.getLogger(VolumeWatch.class);

    /** Turns may follow each other at once; a volume doesn't change its mind so fast. */
    private static final Duration STEP = Duration.ofSeconds(2);

    private static final Duration WARNS = Duration.ofMinutes(60);

    /** A warning ends later than it begins, so that it doesn't come and go. */
    private static final Duration WARNS_NO_MORE = Duration.ofMinutes(90);

    private final Installation installation;
    private final LongSupplier clock;
    private final ReentrantLock lock = new ReentrantLock();
    private final Place data = new Place("data");
    private final Place wal = new Place("WAL");
    private long measuredNanos;
    private volatile Volumes last = Volumes.UNKNOWN;

    /**
     * @param clock monotonic nanoseconds
     */
    VolumeWatch(Installation installation, LongSupplier clock) {
        this.installation = installation;
        this.clock = clock;
    }

    private static final class Place {
        private final String name;
        private final Forecast forecast = new Forecast();
        private boolean warned;

        private Place(String name) {
            this.name = name;
        }
    }

    /** The last measurement, which may be some seconds old. */
    Volumes last() {
        return last;
    }

    /** Measures, if the last time is some seconds ago. */
    Volumes look() {
        if (!lock.tryLock()) {
            return last; // a measurement that hangs must not hold the turns up
        }
        try {
            long now = clock.getAsLong();
            if (!last.known() || now - measuredNanos >= STEP.toNanos()) {
                measuredNanos = now;
                last =
                        new Volumes(
                                measure(data, installation.dataDir(), now),
                                measure(wal, installation.walDirectory(), now));
            }
            return last;
        } finally {
            lock.unlock();
        }
    }

    private static Optional<Volume> measure(Place place, Path path, long now) {
        long total = path.toFile().getTotalSpace();
        if (total <= 0) {
            return Optional.empty(); // not there, or it has no answer
        }
        long free = path.toFile().getUsableSpace();
        place.forecast.add(now, free);
        Optional<Duration> fullIn = place.forecast.fullIn();
        warn(place, path, free, fullIn);
        return Optional.of(new Volume(free, total, fullIn));
    }

    private static void warn(Place place, Path path, long free, Optional<Duration> fullIn) {
        boolean soon = fullIn.filter(time -> time.compareTo(WARNS) < 0).isPresent();
        if (soon && !place.warned) {
            place.warned = true;
            LOG.atWarn()
                    .addKeyValue("volume", place.name)
                    .addKeyValue("path", path)
                    .addKeyValue("freeBytes", free)
                    .addKeyValue("fullInMinutes", fullIn.get().toMinutes())
                    .log(
                            "the volume will soon be full; make room, or look for a slot or an archive_command that holds WAL back");
        } else if (place.warned
                && fullIn.filter(time -> time.compareTo(WARNS_NO_MORE) < 0).isEmpty()) {
            place.warned = false;
            LOG.atInfo()
                    .addKeyValue("volume", place.name)
                    .addKeyValue("path", path)
                    .addKeyValue("freeBytes", free)
                    .log("the volume no longer fills up");
        }
    }
}
