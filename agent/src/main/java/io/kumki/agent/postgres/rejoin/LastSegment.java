package io.kumki.agent.postgres.rejoin;

import io.kumki.agent.config.PostgresConfig;
import io.kumki.agent.ha.LocalServer.ClusterState;
import io.kumki.agent.postgres.Cancellation;
import io.kumki.agent.postgres.ControlFile;
import io.kumki.agent.postgres.OperationResult;
import io.kumki.agent.postgres.PgPrograms;
import io.kumki.agent.postgres.ProgramRun;
import io.kumki.agent.postgres.Programs;
import io.kumki.dcs.cluster.Lsn;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;

/**
 * Archives the end of a log: with archiving on, a clean shutdown writes its last record into a
 * segment of its own, which PostgreSQL itself never archives. A remote that reads only the archive
 * needs it to have everything.
 */
public final class LastSegment {

    private static final Duration LIMIT = Duration.ofMinutes(1);

    private LastSegment() {}

    /** The server must be stopped. Without archiving there is nothing to do. */
    public static OperationResult archive(
            PgPrograms programs, PostgresConfig config, Cancellation cancellation)
            throws IOException {
        Optional<String> command = ServerSettings.archiveCommand(programs, config);
        if (command.isEmpty()) {
            return new OperationResult.Done("archiving is off");
        }
        Path dataDir = config.files().dataDir();
        ControlFile control = ControlFile.read(programs, dataDir);
        if (control.state() != ClusterState.SHUT_DOWN) {
            return new OperationResult.Failed("the server wasn't shut down cleanly");
        }
        int left = ReadySegments.archive(dataDir, command.get(), cancellation);
        if (left > 0) {
            return new OperationResult.Failed(left + " segments before the last one are left");
        }
        String segment =
                name(
                        control.timeline(),
                        control.checkpointLsn(),
                        control.number("Bytes per WAL segment"));
        ProgramRun run =
                Programs.run(
                        WalCommand.archiving(command.get(), segment, dataDir)
                                .within(LIMIT)
                                .cancelledBy(cancellation));
        return run.succeeded()
                ? new OperationResult.Done("archived " + segment)
                : new OperationResult.Failed(
                        "archive_command for " + segment + ": " + run.summary());
    }

    /** The file that holds a position. */
    static String name(int timeline, Lsn position, long segmentBytes) {
        long number = position.bytes() / segmentBytes;
        long perLog = 0x1_0000_0000L / segmentBytes;
        return "%08X%08X%08X".formatted(timeline, number / perLog, number % perLog);
    }
}
