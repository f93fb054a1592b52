package io.kumki.agent.node;

import io.kumki.agent.config.LocalConfigLoader;
import io.kumki.agent.config.NodeConfig;
import io.kumki.agent.config.NodeConfigReader;
import io.kumki.agent.config.RefusedConfigException;
import io.vertx.core.Vertx;
import io.vertx.core.VertxOptions;
import io.vertx.core.file.FileSystemOptions;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicBoolean;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** An agent as the operating system sees it: its user, its signals, its exit code. */
public final class AgentProcess {

    private static final Logger LOG = LoggerFactory.getLogger(AgentProcess.class);

    private AgentProcess() {}

    /**
     * Runs an agent until it ends.
     *
     * @return the exit code: 0 after SIGTERM or SIGINT, 1 after a fatal error that is logged
     * @throws IOException if the log file can't be opened
     * @throws RefusedConfigException if {@code bootstrap.dcs} can't be used
     */
    public static int run(LocalConfigLoader loader, NodeConfigReader.Reading reading)
            throws IOException, RefusedConfigException {
        NodeConfig node = reading.config();
        LogOutput.configure(node.log());
        reading.warnings()
                .forEach(warning ->
                        LOG.atWarn().addKeyValue("reason", warning).log("configuration"));
        if (isRoot()) {
            LOG.atError()
                    .log(
                            "PostgreSQL refuses to run as root, so the agent does too: start it as the user that owns"
                                    + " postgresql.data_dir, such as with \"setpriv --reuid=postgres --regid=postgres"
                                    + " --init-groups\"");
            return 1;
        }
        Object programs = node.postgresql().get("bin_dir");
        if (programs instanceof String directory
                && !directory.isEmpty()
                && !Files.isDirectory(Path.of(directory))) {
            LOG.atError()
                    .addKeyValue("key", "postgresql.bin_dir")
                    .addKeyValue("value", directory)
                    .log(
                            "there is no such directory; name the one that holds the program postgres, such as"
                                    + " /usr/lib/postgresql/15/bin");
            return 1;
        }
        CompletableFuture<Integer> ended = new CompletableFuture<>();
        Agent agent = new Agent(vertx(), loader, node, ended::complete);
        AtomicBoolean ends = new AtomicBoolean();
        Runnable term =
                () -> {
                    if (ends.getAndSet(true)) {
                        // ending at once would leave a primary to the lease guard's hard stop
                        LOG.atWarn()
                                .log(
                                        "SIGTERM again: the server is being stopped, see the"
                                                + " log; kill -KILL leaves it running");
                    } else {
                        LOG.atInfo().log("SIGTERM: handing over and stopping the server");
                        agent.shutdown();
                    }
                };
        Signals.on("TERM", term);
        Signals.on("INT", term);
        Signals.on("HUP", agent::reload);
        agent.start();
        return ended.join();
    }

    /** One event loop: the state has one owner, and probes cost too little to need a second. */
    private static Vertx vertx() {
        return Vertx.vertx(
                new VertxOptions()
                        .setEventLoopPoolSize(1)
                        .setWorkerPoolSize(2)
                        .setInternalBlockingPoolSize(2)
                        .setFileSystemOptions(
                                new FileSystemOptions()
                                        .setFileCachingEnabled(false)
                                        .setClassPathResolvingEnabled(false)));
    }

    private static boolean isRoot() throws IOException {
        return Integer.valueOf(0).equals(Files.getAttribute(Path.of("/proc/self"), "unix:uid"));
    }

    /**
     * Runs the parts of a node for a moment against nothing: it shows that the installation is
     * whole, and it is the training run for the class archive.
     */
    public static int selfTest() throws IOException {
        return SelfTest.run(vertx(), Map.of());
    }
}
