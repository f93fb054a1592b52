package io.kumki.agent.cluster;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** Listens as systemd does on a datagram socket; by Python, which has a socket of its own. */
final class NotifyReceiver implements AutoCloseable {

    private static final String PROGRAM =
            """
            import socket, sys
            name = sys.argv[1]
            s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
            s.bind(b"\\0" + name[1:].encode() if name[0] == "@" else name)
            print("listening", flush=True)
            while True:
                print(s.recv(4096).decode().replace("\\n", "|"), flush=True)
            """;

    private final Process process;
    private final Path output;

    NotifyReceiver(String name, Path output) {
        this.output = output;
        try {
            this.process =
                    new ProcessBuilder("python3", "-c", PROGRAM, name)
                            .redirectOutput(output.toFile())
                            .redirectErrorStream(true)
                            .start();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        Await.until(
                "a listener on " + name,
                java.time.Duration.ofSeconds(20),
                () -> received().contains("listening"),
                () -> received().toString());
    }

    /** The datagrams so far, their lines joined by a bar. */
    List<String> received() {
        try {
            return Files.exists(output)
                    ? Files.readString(output, StandardCharsets.UTF_8).lines().toList()
                    : List.of();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Override
    public void close() {
        process.destroy();
    }
}
