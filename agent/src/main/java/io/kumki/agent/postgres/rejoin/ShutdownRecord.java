package io.kumki.agent.postgres.rejoin;

import io.kumki.agent.postgres.PgPrograms;
import io.kumki.agent.postgres.ProgramRun;
import io.kumki.agent.postgres.Programs;
import io.kumki.agent.postgres.rejoin.LogComparison.RecordEnd;
import io.kumki.dcs.cluster.Lsn;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Finds the end of the shutdown checkpoint record, which is the last of a cleanly stopped server.
 *
 * <p>pg_waldump prints it; its end is computed from the printed length. The error about the missing
 * next record names that position too, but its wording changes between major versions.
 */
final class ShutdownRecord {

    private static final Pattern RECORD =
            Pattern.compile(
                    "len \\(rec/tot\\):\\s*\\d+/\\s*(\\d{1,9}),.* lsn: ([0-9A-Fa-f]+/[0-9A-Fa-f]+),.*desc: (\\S+)");

    /** WAL pages have this size in every build that Debian, RPM or Docker ship. */
    private static final long PAGE = 8192;

    private static final long PAGE_HEADER = 24;
    private static final long FIRST_PAGE_HEADER = 40;
    private static final long ALIGNMENT = 8;

    private ShutdownRecord() {}

    static RecordEnd find(
            PgPrograms programs, Path dataDir, int timeline, Lsn checkpoint, long segmentSize) {
        ProgramRun run =
                Programs.run(
                        programs.call(
                                "pg_waldump",
                                "--path=" + dataDir.resolve("pg_wal"),
                                "--timeline=" + timeline,
                                "--start=" + checkpoint,
                                "--limit=2"));
        if (run.ending() != ProgramRun.Ending.EXITED) {
            return new RecordEnd.Unknown("pg_waldump " + run.summary());
        }
        return interpret(run.stdout(), checkpoint, segmentSize, run.summary());
    }

    static RecordEnd interpret(String stdout, Lsn checkpoint, long segmentSize, String summary) {
        List<Matcher> records = new ArrayList<>();
        for (String line : stdout.lines().toList()) {
            Matcher matcher = RECORD.matcher(line);
            if (matcher.find()) {
                records.add(matcher);
            }
        }
        if (records.isEmpty()) {
            return new RecordEnd.NotThere(
                    "pg_waldump finds no record at " + checkpoint + ": " + summary);
        }
        Matcher first = records.getFirst();
        if (!Lsn.parse(first.group(2)).equals(checkpoint)
                || !first.group(3).startsWith("CHECKPOINT_SHUTDOWN")) {
            return new RecordEnd.NotThere(
                    "the record at "
                            + checkpoint
                            + " is no shutdown checkpoint: "
                            + first.group(3));
        }
        if (records.size() > 1) {
            return new RecordEnd.NotThere(
                    "the log goes on behind the shutdown checkpoint at " + checkpoint);
        }
        return new RecordEnd.At(end(checkpoint, Long.parseLong(first.group(1)), segmentSize));
    }

    /** Where a record of {@code length} bytes that begins at {@code start} ends, aligned. */
    static Lsn end(Lsn start, long length, long segmentSize) {
        long at = start.bytes();
        long left = length;
        long room = PAGE - at % PAGE;
        while (left > room) {
            left -= room;
            at += room;
            long header = at % segmentSize == 0 ? FIRST_PAGE_HEADER : PAGE_HEADER;
            at += header;
            room = PAGE - header;
        }
        at += left;
        return new Lsn((at + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT);
    }
}
