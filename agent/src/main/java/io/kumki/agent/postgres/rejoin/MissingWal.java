package io.kumki.agent.postgres.rejoin;

import io.kumki.agent.postgres.Cancellation;
import io.kumki.agent.postgres.ProgramCall;
import io.kumki.agent.postgres.ProgramRun;
import io.kumki.agent.postgres.Programs;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Fetches segments that pg_rewind misses in the local log by {@code restore_command}, for the
 * versions in which pg_rewind can't do that itself.
 */
final class MissingWal {

    private static final Duration ONE = Duration.ofMinutes(5);

    /** Each run names one missing segment: 16 GB of log with the usual size. */
    private static final int MOST = 1000;

    private static final Pattern NAMED =
            Pattern.compile("could not open file \"[^\"]*pg_wal/([0-9A-F]{24})\"");

    private static final Logger LOG = LoggerFactory.getLogger(MissingWal.class);

    private final Path dataDir;
    private final Optional<String> restoreCommand;
    private final Cancellation cancellation;

    MissingWal(Path dataDir, Optional<String> restoreCommand, Cancellation cancellation) {
        this.dataDir = dataDir;
        this.restoreCommand = restoreCommand;
        this.cancellation = cancellation;
    }

    /** Runs {@code call} again as long as it fails for a segment that can be fetched. */
    ProgramRun runWithFetching(ProgramCall call) {
        ProgramRun run = Programs.run(call);
        String last = "";
        for (int i = 0; i < MOST && !run.succeeded(); i++) {
            Optional<String> missing = missing(run.output());
            if (missing.isEmpty() || missing.get().equals(last) || !fetch(missing.get())) {
                return run;
            }
            last = missing.get();
            run = Programs.run(call);
        }
        return run;
    }

    static Optional<String> missing(String output) {
        Matcher matcher = NAMED.matcher(output);
        return matcher.find() ? Optional.of(matcher.group(1)) : Optional.empty();
    }

    private boolean fetch(String segment) {
        if (restoreCommand.isEmpty()) {
            return false;
        }
        String command = WalCommand.fill(restoreCommand.get(), segment, "pg_wal/" + segment);
        ProgramRun run =
                Programs.run(
                        ProgramCall.of(List.of("/bin/sh", "-c", command))
                                .in(dataDir)
                                .within(ONE)
                                .cancelledBy(cancellation));
        if (!run.succeeded()) {
            LOG.atWarn()
                    .addKeyValue("segment", segment)
                    .addKeyValue("error", run.summary())
                    .log("restore_command can't fetch a segment that pg_rewind needs");
        }
        return run.succeeded();
    }
}
