package io.kumki.agent.postgres;

import io.kumki.agent.ha.Divergence;
import io.kumki.agent.ha.LocalServer.Postmaster;
import io.kumki.agent.ha.Upstream;
import io.kumki.agent.postgres.PostgresServer.ShutdownListener;
import io.kumki.agent.postgres.PostgresServer.StopMode;
import io.kumki.agent.postgres.rejoin.Clone;
import io.kumki.agent.postgres.rejoin.DivergenceCheck;
import io.kumki.agent.postgres.rejoin.HistoryFile;
import io.kumki.agent.postgres.rejoin.LastSegment;
import io.kumki.agent.postgres.rejoin.Rewind;
import io.kumki.agent.postgres.rejoin.SingleUserRecovery;
import io.kumki.dcs.cluster.TimelineHistory;
import java.io.IOException;
import java.time.Duration;
import java.time.ZoneId;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Supplier;

/** What brings the data directory to where it may follow, put together; blocking calls. */
final class RejoinOperations {

    private final Installation installation;
    private final FullStop stopper;
    private final Clone clone;
    private final DivergenceCheck check;
    private final Rewind rewind;
    private final SingleUserRecovery recovery;
    private final AtomicBoolean canRewind = new AtomicBoolean();

    /** Stops the server, and tells of it. */
    @FunctionalInterface
    interface FullStop {
        OperationResult stop(StopMode mode, Optional<Duration> limit, ShutdownListener shutDown)
                throws InterruptedException;
    }

    RejoinOperations(Installation installation, FullStop stopper, Supplier<Postmaster> postmaster) {
        this.installation = installation;
        this.stopper = stopper;
        PgPrograms programs = installation.programs();
        clone = new Clone(installation::config, programs, ShellWords::split);
        check = new DivergenceCheck(installation::config, programs, postmaster);
        rewind =
                new Rewind(
                        installation::config, programs, () -> stopped(StopMode.FAST_NO_CHECKPOINT));
        recovery = new SingleUserRecovery(installation::config, programs);
    }

    OperationResult prepareClone(Optional<Upstream> source, Optional<Upstream> follows) {
        return clone.prepare(source, follows);
    }

    Optional<CloneProgress> cloneProgress() {
        return clone.progress();
    }

    /** What the running server writes isn't needed any more, so it is stopped the short way. */
    OperationResult cloneFrom(
            Optional<Upstream> source, boolean basebackupOnly, Cancellation cancellation) {
        OperationResult stopped = stopped(StopMode.IMMEDIATE);
        return stopped.done() ? clone.run(source, basebackupOnly, cancellation) : stopped;
    }

    Divergence assess(Upstream leader) {
        return check.assess(leader);
    }

    OperationResult rewind(Upstream leader, Cancellation cancellation) {
        return rewind.run(leader, cancellation);
    }

    OperationResult recoverInSingleUserMode(Cancellation cancellation) {
        return recovery.run(cancellation);
    }

    OperationResult archiveEnd(Cancellation cancellation) throws IOException {
        return LastSegment.archive(installation.programs(), installation.config(), cancellation);
    }

    /** Looks anew whether pg_rewind can be used; at each observation, as it reads files. */
    void look() {
        canRewind.set(rewind.possible());
    }

    /** What {@link #look} found last; doesn't block. */
    boolean canRewind() {
        return canRewind.get();
    }

    boolean checkpointedOn(int timeline) throws IOException {
        return ControlFile.read(installation.programs(), installation.dataDir()).timeline()
                == timeline;
    }

    TimelineHistory history(int timeline) throws IOException {
        return HistoryFile.read(
                installation.dataDir(),
                timeline,
                installation.config().memberName(),
                ZoneId.systemDefault());
    }

    private OperationResult stopped(StopMode mode) {
        try {
            return stopper.stop(
                    mode, Optional.of(installation.config().pgCtlTimeout()), ShutdownListener.NONE);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return new OperationResult.Cancelled();
        }
    }
}
