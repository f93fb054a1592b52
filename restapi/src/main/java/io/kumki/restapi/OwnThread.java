package io.kumki.restapi;

import io.vertx.core.Context;
import java.util.concurrent.RejectedExecutionException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The way from the agent's threads to a listener's, which may have ended meanwhile. */
final class OwnThread {

    private static final Logger LOG = LoggerFactory.getLogger(OwnThread.class);

    private OwnThread() {}

    /** Soon, on the listener's thread; never, if that has ended. Neither waits nor throws. */
    static void run(Context listener, Runnable task) {
        try {
            listener.runOnContext(_ -> task.run());
        } catch (RejectedExecutionException e) {
            LOG.atDebug()
                    .addKeyValue("error", e.toString())
                    .log("a listener that has ended is told nothing");
        }
    }
}
