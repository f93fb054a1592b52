package io.kumki.agent.watchdog;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.kumki.agent.linux.SystemCallException;
import io.kumki.agent.linux.SystemCalls;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The real calls, as far as a machine without a watchdog goes; tools/watchdog-vm has one. */
@Timeout(20)
class LinuxWatchdogTest {

    @TempDir Path directory;

    @ParameterizedTest
    @CsvSource({
        "0, 2, 40, amd64, 80285700",
        "6, 3, 4, amd64, C0045706",
        "7, 2, 4, aarch64, 80045707",
        "0, 2, 40, ppc64le, 40285700",
        "6, 3, 4, ppc64le, C0045706",
        "7, 2, 4, ppc64le, 40045707"
    })
    void requestsHaveTheKernelsNumbers(
            int number, int direction, int bytes, String architecture, String hex) {
        assertThat(LinuxWatchdog.request(number, direction, bytes, architecture))
                .isEqualTo(Long.parseLong(hex, 16));
    }

    @Test
    void aDeviceOfAnotherKindIsNoWatchdog() throws IOException {
        WatchdogDevice.Opened device = new LinuxWatchdog(Path.of("/dev/null")).open();

        assertThatThrownBy(device::support)
                .hasMessageContaining("/dev/null is not a watchdog")
                .cause()
                .isInstanceOfSatisfying(
                        SystemCallException.class,
                        e -> assertThat(e.errno()).isEqualTo(SystemCallException.ENOTTY));
        device.keepAlive();
        device.announceClose();
        device.close();
        assertThatThrownBy(device::close).hasMessageContaining("errno 9");
    }

    /** A keep-alive must not be written into it. */
    @Test
    void aFileIsNoWatchdogAndIsLeftAlone() throws IOException {
        Path file = Files.writeString(directory.resolve("pg_control"), "precious");

        assertThatThrownBy(() -> new LinuxWatchdog(file).open())
                .hasMessageContaining("no character device");
        assertThat(file).hasContent("precious");
    }

    @Test
    void aMissingDeviceIsNamedWithTheRemedy() {
        LinuxWatchdog missing = new LinuxWatchdog(directory.resolve("watchdog"));

        assertThat(missing.writable()).isFalse();
        assertThatThrownBy(missing::open).hasMessageContaining("load the kernel module");
    }

    @Test
    void theErrnoOfTheCallIsKept() {
        assertThatThrownBy(() ->
                        SystemCalls.open(
                                directory.resolve("no/such").toString(), SystemCalls.O_WRONLY))
                .isInstanceOfSatisfying(
                        SystemCallException.class, e -> assertThat(e.errno()).isEqualTo(2))
                .hasMessageContaining("No such file or directory");
    }

    @Test
    void aPipeGetsWhatADriverWould() throws Exception {
        Path pipe = directory.resolve("pipe");
        Process mkfifo = new ProcessBuilder("mkfifo", pipe.toString()).inheritIO().start();
        assertThat(mkfifo.waitFor(10, TimeUnit.SECONDS)).isTrue();
        PipeWatchdog watchdog = new PipeWatchdog(pipe);
        assertThatThrownBy(watchdog::open).hasMessageContaining("errno 6");
        CompletableFuture<String> read = new CompletableFuture<>();
        Thread.ofVirtual()
                .start(() -> {
                    try {
                        read.complete(Files.readString(pipe));
                    } catch (IOException e) {
                        read.completeExceptionally(e);
                    }
                });

        WatchdogDevice.Opened device = opened(watchdog);
        assertThat(device.timeout()).isEqualTo(60);
        device.setTimeout(25);
        assertThat(device.timeout()).isEqualTo(25);
        device.keepAlive();
        device.announceClose();
        device.close();

        assertThat(read.get(10, TimeUnit.SECONDS)).isEqualTo("Ctimeout=25\n1V");
    }

    /** As soon as the reader has opened its end. */
    private static WatchdogDevice.Opened opened(PipeWatchdog watchdog) throws IOException {
        long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(10);
        while (true) {
            try {
                return watchdog.open();
            } catch (SystemCallException e) {
                if (System.nanoTime() - end > 0) {
                    throw e;
                }
                Thread.onSpinWait();
            }
        }
    }
}
