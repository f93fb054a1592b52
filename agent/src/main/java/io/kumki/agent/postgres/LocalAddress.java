package io.kumki.agent.postgres;

import io.kumki.agent.config.PostgresConfig;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Where the local server answers: what it was started with counts, so that a changed {@code listen}
 * doesn't make us lose it before its restart.
 *
 * @param host name, address, or the directory of its unix socket
 */
public record LocalAddress(String host, int port) {

    private static final Pattern STARTED_WITH =
            Pattern.compile("\"?--listen_addresses=([^\"]*?)\"?(?: |$)", Pattern.MULTILINE);

    /** For queries as the superuser. */
    static LocalAddress ofSuperuser(PostgresConfig config) {
        return of(config, config.sockets().superuser());
    }

    /** For connections as the replication role. */
    static LocalAddress ofReplication(PostgresConfig config) {
        return of(config, config.sockets().replication());
    }

    private static LocalAddress of(PostgresConfig config, boolean bySocket) {
        Path dataDir = config.files().dataDir();
        Optional<PostmasterPid> running =
                PostmasterPid.read(dataDir).filter(file -> file.port() > 0 && !file.singleUser());
        int port = running.map(PostmasterPid::port).orElse(config.listen().port());
        if (bySocket) {
            Optional<String> directory =
                    running.flatMap(PostmasterPid::socketDirectory)
                            .or(() -> configuredDirectory(config));
            if (directory.isPresent()) {
                return new LocalAddress(directory.get(), port);
            }
        }
        String addresses =
                running.flatMap(_ -> startedWith(dataDir)).orElse(config.listen().addresses());
        return new LocalAddress(tcpHost(addresses), port);
    }

    private static Optional<String> configuredDirectory(PostgresConfig config) {
        return Arrays.stream(
                        config.parameters()
                                .getOrDefault("unix_socket_directories", "")
                                .split(",", -1))
                .map(String::strip)
                .filter(directory -> directory.startsWith("/"))
                .findFirst();
    }

    /** {@code postmaster.opts} holds the command line of the last start. */
    private static Optional<String> startedWith(Path dataDir) {
        try {
            Matcher matcher =
                    STARTED_WITH.matcher(
                            Files.readString(
                                    dataDir.resolve("postmaster.opts"),
                                    StandardCharsets.ISO_8859_1));
            return matcher.find() ? Optional.of(matcher.group(1)) : Optional.empty();
        } catch (IOException e) {
            // the server writes it at its start; without it the configuration is all there is
            return Optional.empty();
        }
    }

    /** The host at which a server with these {@code listen_addresses} answers locally. */
    static String tcpHost(String listenAddresses) {
        List<String> addresses =
                Arrays.stream(listenAddresses.split(",", -1)).map(String::strip).toList();
        boolean everywhere =
                addresses.stream()
                        .anyMatch(List.of("*", "localhost", "0.0.0.0", "127.0.0.1")::contains);
        String first = addresses.getFirst();
        return everywhere || first.isEmpty() ? "localhost" : first;
    }

    /** Whether the host is the directory of a unix socket. */
    public boolean socket() {
        return host.startsWith("/");
    }
}
