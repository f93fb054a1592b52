package io.kumki.agent.config;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.TimeUnit;

/** What {@code --validate-config} asks of the machine beyond files. Calls block. */
interface Surroundings {

    /** Whether something accepts a TCP connection there. */
    boolean answers(HostPort address);

    /** What {@code PROGRAM --version} prints; empty if it can't be run. */
    Optional<String> version(Path program);

    /** Where programs are searched. */
    String searchPath();

    /** The machine we run on. */
    static Surroundings real(String searchPath) {
        return new Surroundings() {
            private static final Duration CONNECT = Duration.ofSeconds(2);
            private static final Duration RUN = Duration.ofSeconds(10);

            @Override
            public boolean answers(HostPort address) {
                try (Socket socket = new Socket()) {
                    socket.connect(
                            new InetSocketAddress(address.host(), address.port()),
                            (int) CONNECT.toMillis());
                    return true;
                } catch (IOException e) {
                    return false; // the answer itself: nobody there, or no such host
                }
            }

            @Override
            public Optional<String> version(Path program) {
                try {
                    Process process =
                            new ProcessBuilder(program.toString(), "--version")
                                    .redirectErrorStream(true)
                                    .start();
                    process.getOutputStream().close();
                    if (!process.waitFor(RUN.toMillis(), TimeUnit.MILLISECONDS)) {
                        process.destroyForcibly();
                        return Optional.empty();
                    }
                    byte[] output = process.getInputStream().readNBytes(1000);
                    return process.exitValue() == 0
                            ? Optional.of(new String(output, StandardCharsets.UTF_8).strip())
                            : Optional.empty();
                } catch (IOException e) {
                    return Optional.empty(); // a program that can't be run is reported as missing
                } catch (InterruptedException e) {
                    Thread.currentThread().interrupt();
                    return Optional.empty();
                }
            }

            @Override
            public String searchPath() {
                return searchPath;
            }
        };
    }
}
