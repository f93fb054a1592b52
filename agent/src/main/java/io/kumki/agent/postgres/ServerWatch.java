package io.kumki.agent.postgres;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicReference;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Notices within a tenth of a second that the postmaster has ended or begun to accept connections.
 *
 * <p>The server isn't our child, so nothing tells us of its end: its state in {@code /proc} is read
 * ten times a second, from a file that stays open, on a thread of its own. That costs about 20 µs
 * each time; a virtual thread's wake-up alone costs more. A zombie counts as ended.
 */
final class ServerWatch implements AutoCloseable {

    private static final Logger LOG = LoggerFactory.getLogger(ServerWatch.class);

    private static final long STEP_MILLIS = 100;

    private final ServerProcess process;
    private final AtomicReference<Runnable> listener = new AtomicReference<>(() -> {});
    private final Thread thread;

    ServerWatch(ServerProcess process) {
        this.process = process;
        this.thread = Thread.ofPlatform().daemon().name("postmaster-watch").unstarted(this::run);
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
            while (true) {
                if (accepted && before.isPresent()) {
                    awaitEnd(before.get());
                } else {
                    Thread.sleep(STEP_MILLIS);
                }
                Optional<ProcessIdentity> now = process.postmaster();
                boolean accepts = now.isPresent() && process.accepting();
                boolean ended = before.isPresent() && !now.equals(before);
                if (ended || (accepts && !accepted)) {
                    listener.get().run();
                }
                before = now;
                accepted = accepts;
            }
        } catch (InterruptedException e) {
            LOG.atDebug().log("postmaster watch ended");
        }
    }

    private static void awaitEnd(ProcessIdentity postmaster) throws InterruptedException {
        byte[] buffer = new byte[256];
        try (RandomAccessFile stat =
                new RandomAccessFile("/proc/" + postmaster.pid() + "/stat", "r")) {
            if (!postmaster.alive()) {
                return;
            }
            // the open file belongs to this process for good, also when its number is used again
            while (lives(stat, buffer)) {
                Thread.sleep(STEP_MILLIS);
            }
        } catch (IOException e) {
            LOG.atDebug().addKeyValue("pid", postmaster.pid()).log("postmaster is gone");
        }
    }

    /**
     * @throws IOException if the process is gone
     */
    private static boolean lives(RandomAccessFile stat, byte[] buffer) throws IOException {
        stat.seek(0);
        int length = stat.read(buffer);
        int end = -1;
        for (int i = 0; i < length; i++) {
            if (buffer[i] == ')') {
                end = i;
            }
        }
        return end > 0 && end + 2 < length && buffer[end + 2] != 'Z' && buffer[end + 2] != 'X';
    }

    @Override
    public void close() {
        thread.interrupt();
    }
}
