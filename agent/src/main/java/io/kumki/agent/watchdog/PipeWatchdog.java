package io.kumki.agent.watchdog;

import io.kumki.agent.linux.SystemCalls;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * The stand-in of {@code watchdog.driver: testing}: a named pipe, whose reader sees every byte that
 * a driver would get, and {@code Ctimeout=N} and a newline for a new time-out.
 */
public final class PipeWatchdog implements WatchdogDevice {

    private static final int FIRST_TIMEOUT = 60;

    private final Path pipe;

    public PipeWatchdog(Path pipe) {
        this.pipe = pipe;
    }

    @Override
    public boolean writable() {
        return Files.isWritable(pipe);
    }

    /** Without a reader it fails at once: waiting for one would hold up the loop. */
    @Override
    public Opened open() throws IOException {
        return new Pipe(
                SystemCalls.open(
                        pipe.toString(),
                        SystemCalls.O_WRONLY | SystemCalls.O_CLOEXEC | SystemCalls.O_NONBLOCK));
    }

    @Override
    public String toString() {
        return pipe.toString();
    }

    private static final class Pipe implements Opened {

        private final int fd;
        private int timeout = FIRST_TIMEOUT;

        private Pipe(int fd) {
            this.fd = fd;
        }

        @Override
        public Support support() {
            return new Support("pipe", true, true);
        }

        @Override
        public void setTimeout(int seconds) throws IOException {
            write("Ctimeout=" + seconds + "\n");
            timeout = seconds;
        }

        @Override
        public int timeout() {
            return timeout;
        }

        @Override
        public void keepAlive() throws IOException {
            write("1");
        }

        @Override
        public void announceClose() throws IOException {
            write("V");
        }

        @Override
        public void close() throws IOException {
            SystemCalls.close(fd);
        }

        private void write(String text) throws IOException {
            SystemCalls.write(fd, text.getBytes(StandardCharsets.US_ASCII));
        }
    }
}
