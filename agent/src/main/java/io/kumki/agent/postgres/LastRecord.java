package io.kumki.agent.postgres;

import io.kumki.dcs.cluster.Lsn;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The last position that standbys can have after a clean shutdown.
 *
 * <p>With archiving on PostgreSQL switches to a new WAL segment just for the shutdown checkpoint,
 * and standbys never get past the switch: then the switch record counts, not the checkpoint. A
 * switch fills its segment, so the checkpoint stands right behind the first page header of the next
 * one; only then is pg_waldump asked.
 */
final class LastRecord {

    private static final Logger LOG = LoggerFactory.getLogger(LastRecord.class);

    /** Size of the header of a segment's first page. */
    private static final long LONG_PAGE_HEADER = 40;

    private static final Pattern RECORD =
            Pattern.compile("lsn: ([0-9A-F]+/[0-9A-F]+), prev ([0-9A-F]+/[0-9A-F]+), desc: (\\S+)");

    private final Installation installation;

    LastRecord(Installation installation) {
        this.installation = installation;
    }

    /**
     * @param control of a server that has shut down
     */
    Lsn before(ControlFile control) {
        Lsn checkpoint = control.checkpointLsn();
        long segment = control.number("Bytes per WAL segment");
        if (segment > 0 && checkpoint.bytes() % segment != LONG_PAGE_HEADER) {
            return checkpoint;
        }
        return record(checkpoint, control.timeline())
                .filter(record -> record.what.startsWith("CHECKPOINT_SHUTDOWN"))
                .flatMap(record -> record(record.previous, control.timeline()))
                .filter(record -> record.what.equals("SWITCH"))
                .map(WalRecord::at)
                .orElse(checkpoint);
    }

    private Optional<WalRecord> record(Lsn at, int timeline) {
        ProgramRun run =
                Programs.run(
                        installation
                                .programs()
                                .call(
                                        "pg_waldump",
                                        "--path=" + installation.dataDir().resolve("pg_wal"),
                                        "--timeline=" + timeline,
                                        "--start=" + at,
                                        "--limit=1"));
        Matcher matcher = RECORD.matcher(run.stdout());
        if (!matcher.find()) {
            LOG.atWarn()
                    .addKeyValue("lsn", at)
                    .addKeyValue("error", run.summary())
                    .log("WAL record can't be read; the checkpoint's position is used");
            return Optional.empty();
        }
        return Optional.of(
                new WalRecord(
                        Lsn.parse(matcher.group(1)),
                        Lsn.parse(matcher.group(2)),
                        matcher.group(3)));
    }

    private record WalRecord(Lsn at, Lsn previous, String what) {}
}
