package io.kumki.agent.cluster;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.atomic.AtomicReference;

/** A named pipe in place of a watchdog's device, and what its driver was told so far. */
final class WatchdogPipe implements AutoCloseable {

    private static final byte END = 'x';

    private final RandomAccessFile pipe;
    private final AtomicReference<String> told = new AtomicReference<>("");

    /** Both ends are open here, so that it has a reader even while nobody writes. */
    private WatchdogPipe(RandomAccessFile pipe) {
        this.pipe = pipe;
        Thread.ofPlatform().daemon().start(this::read);
    }

    static WatchdogPipe at(Path path) {
        try {
            Files.createDirectories(path.getParent());
            int exit = new ProcessBuilder("mkfifo", path.toString()).start().waitFor();
            if (exit != 0) {
                throw new AssertionError("mkfifo " + path + " ended with " + exit);
            }
            return new WatchdogPipe(new RandomAccessFile(path.toFile(), "rw"));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new AssertionError("interrupted", e);
        }
    }

    private void read() {
        byte[] bytes = new byte[256];
        try {
            while (true) {
                int length = pipe.read(bytes);
                String text = new String(bytes, 0, length, StandardCharsets.US_ASCII);
                if (text.indexOf(END) >= 0) {
                    return;
                }
                told.accumulateAndGet(text, String::concat);
            }
        } catch (IOException e) {
            told.accumulateAndGet(e.toString(), String::concat);
        }
    }

    String told() {
        return told.get();
    }

    boolean disarmed() {
        return told().endsWith("V");
    }

    long keepAlives() {
        return told().chars().filter(c -> c == '1').count();
    }

    @Override
    public void close() throws IOException {
        pipe.write(END);
        pipe.close();
    }
}
