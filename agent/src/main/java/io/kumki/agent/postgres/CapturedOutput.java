package io.kumki.agent.postgres;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;

/** Reads an output stream to its end on a virtual thread and keeps its last part. */
final class CapturedOutput {

    /** Enough for any message; a program that prints for hours must not fill our memory. */
    static final int LIMIT = 64 * 1024;

    /** How long output may still come after the program itself has ended. */
    private static final long TAIL_MILLIS = 500;

    private final ReentrantLock lock = new ReentrantLock();
    private final Condition finished = lock.newCondition();
    private final InputStream stream;
    private byte[] ring = new byte[1024];
    private long total;
    private boolean ended;

    private CapturedOutput(InputStream stream) {
        this.stream = stream;
    }

    static CapturedOutput of(InputStream stream) {
        CapturedOutput output = new CapturedOutput(stream);
        Thread.ofVirtual().name("program-output").start(output::pump);
        return output;
    }

    private void pump() {
        byte[] chunk = new byte[8192];
        try (stream) {
            for (int n = stream.read(chunk); n >= 0; n = stream.read(chunk)) {
                append(chunk, n);
            }
        } catch (IOException e) {
            append(("\n[output lost: " + e.getMessage() + "]").getBytes(StandardCharsets.UTF_8));
        } finally {
            end();
        }
    }

    private void append(byte[] bytes) {
        append(bytes, bytes.length);
    }

    private void append(byte[] bytes, int count) {
        lock.lock();
        try {
            while (ring.length < LIMIT && total + count > ring.length) {
                byte[] larger = new byte[Math.min(LIMIT, ring.length * 4)];
                System.arraycopy(ring, 0, larger, 0, (int) total);
                ring = larger;
            }
            for (int i = 0; i < count; i++) {
                ring[(int) (total++ % ring.length)] = bytes[i];
            }
        } finally {
            lock.unlock();
        }
    }

    private void end() {
        lock.lock();
        try {
            ended = true;
            finished.signalAll();
        } finally {
            lock.unlock();
        }
    }

    /**
     * The last part of the output. Waits a moment for its end; a descendant that keeps the stream
     * open doesn't hold us up.
     */
    String text() {
        lock.lock();
        try {
            long left = TimeUnit.MILLISECONDS.toNanos(TAIL_MILLIS);
            while (!ended && left > 0) {
                left = finished.awaitNanos(left);
            }
            int size = (int) Math.min(total, ring.length);
            byte[] kept = new byte[size];
            int first = (int) ((total - size) % ring.length);
            for (int i = 0; i < size; i++) {
                kept[i] = ring[(first + i) % ring.length];
            }
            return new String(kept, StandardCharsets.UTF_8);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return "";
        } finally {
            lock.unlock();
        }
    }
}
