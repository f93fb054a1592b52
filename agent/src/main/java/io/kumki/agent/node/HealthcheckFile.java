package io.kumki.agent.node;

import io.kumki.agent.config.NodeConfig;
import io.kumki.agent.postgres.AtomicFiles;
import io.kumki.restapi.RestConfig;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;

/**
 * Tells {@code kumki healthcheck} where this agent listens: a script doesn't read YAML. The first
 * line is the URL; the next two are certificate and key for calls to agents, empty without one.
 */
final class HealthcheckFile {

    private static final List<String> EVERYWHERE = List.of("", "*", "0.0.0.0", "::", "[::]");

    private HealthcheckFile() {}

    /**
     * @param runtime this data directory's own directory on tmpfs
     * @param port that is really listened on
     */
    static void write(Path runtime, RestConfig rest, NodeConfig node, int port) throws IOException {
        List<String> lines =
                List.of(
                        url(rest.tls().isPresent(), rest.listen().host(), port),
                        node.ctl().certfile().map(Path::toString).orElse(""),
                        node.ctl().keyfile().map(Path::toString).orElse(""));
        AtomicFiles.replace(
                runtime.resolve("rest"), String.join("\n", lines) + "\n", AtomicFiles.Access.OWNER);
    }

    static String url(boolean tls, String host, int port) {
        String asked = EVERYWHERE.contains(host) ? "127.0.0.1" : host;
        String bracketed =
                asked.contains(":") && !asked.startsWith("[") ? "[" + asked + "]" : asked;
        return (tls ? "https" : "http") + "://" + bracketed + ":" + port;
    }
}
