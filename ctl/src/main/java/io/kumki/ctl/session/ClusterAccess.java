package io.kumki.ctl.session;

import io.kumki.ctl.console.AbortedException;
import io.kumki.ctl.console.CtlException;
import io.kumki.dcs.ClusterStore;
import io.kumki.dcs.StoreUnavailableException;
import io.kumki.dcs.WriteOutcome;
import io.kumki.dcs.cluster.ClusterView;
import io.vertx.core.Future;
import java.time.Duration;
import java.util.OptionalInt;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One cluster's (or one Citus group's) keys, with calls that wait for their answer.
 *
 * @param name as the operator named it
 * @param citus whether the cluster is a group of a Citus cluster
 * @param group the group the operator chose
 */
public record ClusterAccess(String name, boolean citus, OptionalInt group, ClusterStore store)
        implements AutoCloseable {

    private static final Logger LOG = LoggerFactory.getLogger(ClusterAccess.class);

    /** The store ends its calls by itself; this only bounds the wait if it doesn't. */
    private static final Duration CALL_LIMIT = Duration.ofSeconds(15);

    private static final Duration CLOSE_LIMIT = Duration.ofSeconds(2);

    /**
     * @throws CtlException if no endpoint of the store answers
     */
    public ClusterView read() {
        ClusterView view = await(store.read());
        LOG.debug("cluster {} as read: {}", name, view);
        return view;
    }

    /**
     * Waits for a write. Whether it was refused is for the caller to judge.
     *
     * @return applied or rejected
     * @throws CtlException if it isn't known whether it was written
     */
    public WriteOutcome write(Future<WriteOutcome> write) {
        WriteOutcome outcome = await(write);
        if (outcome instanceof WriteOutcome.Unknown unknown) {
            throw new CtlException(
                    "the store did not confirm the write, it may be done or not: look before"
                            + " trying again ("
                            + unknown.reason()
                            + ")");
        }
        return outcome;
    }

    private <T> T await(Future<T> answer) {
        try {
            return answer.toCompletionStage()
                    .toCompletableFuture()
                    .get(CALL_LIMIT.toMillis(), TimeUnit.MILLISECONDS);
        } catch (ExecutionException e) {
            if (e.getCause() instanceof StoreUnavailableException unavailable) {
                throw new CtlException(String.valueOf(unavailable.getMessage()), unavailable);
            }
            throw new IllegalStateException("the store failed", e.getCause());
        } catch (TimeoutException e) {
            throw new CtlException(
                    "the store gave no answer in "
                            + CALL_LIMIT.toSeconds()
                            + " s: "
                            + store.describe(),
                    e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new AbortedException();
        }
    }

    @Override
    public void close() {
        try {
            store.close()
                    .toCompletionStage()
                    .toCompletableFuture()
                    .get(CLOSE_LIMIT.toMillis(), TimeUnit.MILLISECONDS);
        } catch (ExecutionException | TimeoutException e) {
            LOG.debug("the store's client did not close in order", e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
