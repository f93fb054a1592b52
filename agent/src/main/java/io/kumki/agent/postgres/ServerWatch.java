package io.kumki.agent.postgres;

import java.util.Optional;
import java.util.concurrent.atomic.AtomicReference;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Notices within a tenth of a second that the postmaster has ended or begun to accept connections.
 *
 * <p>It looks at {@code /proc/PID/stat} ten times a second: the server isn't our child, so nothing
 * tells us of its end; a zombie counts as ended. That costs about 20 µs each time.
 */
final class ServerWatch implements AutoCloseable {

    private static final Logger LOG = LoggerFactory.getLogger(ServerWatch.class);

    private static final long STEP_MILLIS = 100;

    private final ServerProcess process;
    private final AtomicReference<Runnable> listener = new AtomicReference<>(() -> {});
    private final Thread thread;

    ServerWatch(ServerProcess process) {
        this.process = process;
        this.thread = Thread.ofVirtual().name("postmaster-watch").unstarted(this::run);
    }

    void listen(Runnable toBeTold) {
        listener.set(toBeTold);
        if (thread.getState() == Thread.State.NEW) {
            thread.start();
        }
    }

    private void run() {
        Optional<ProcessIdentity> before = process.postmaster();
        boolean accepted = process.accepting();
        try {
            while (!Thread.currentThread().isInterrupted()) {
                Thread.sleep(STEP_MILLIS);
                Optional<ProcessIdentity> now = process.postmaster();
                boolean same = now.equals(before);
                boolean accepts = now.isPresent() && ((accepted && same) || process.accepting());
                boolean ended = before.isPresent() && !same;
                boolean ready = accepts && !accepted;
                if (ended || ready) {
                    listener.get().run();
                }
                before = now;
                accepted = accepts;
            }
        } catch (InterruptedException e) {
            LOG.atDebug().log("postmaster watch ended");
        }
    }

    @Override
    public void close() {
        thread.interrupt();
    }
}
