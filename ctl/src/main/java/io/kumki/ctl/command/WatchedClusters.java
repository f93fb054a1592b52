package io.kumki.ctl.command;

import io.kumki.ctl.session.Session;
import java.time.Duration;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Names of clusters, shown once or again and again until Ctrl-C. */
final class WatchedClusters {

    private static final Logger LOG = LoggerFactory.getLogger(WatchedClusters.class);

    private static final double DEFAULT_SECONDS = 2;

    @Parameters(
            arity = "0..*",
            paramLabel = "CLUSTER_NAMES",
            description = "default: the scope of the configuration")
    private List<String> given = List.of();

    @Option(names = "-W", description = "repeat every 2 seconds")
    private boolean repeat;

    @Option(
            names = {"-w", "--watch"},
            paramLabel = "SECONDS",
            description = "repeat every so many seconds")
    private @Nullable Double seconds;

    /** The clusters meant; none, with a warning, if nothing says which. */
    List<String> names(Session session) {
        if (!given.isEmpty()) {
            return given;
        }
        List<String> scope = session.config().scope().stream().toList();
        if (scope.isEmpty()) {
            LOG.warn("Listing members: No cluster names were provided");
        }
        return scope;
    }

    void forEachRound(Session session, Runnable round) {
        if (!repeat && seconds == null) {
            round.run();
            return;
        }
        double wait = seconds == null ? DEFAULT_SECONDS : Math.max(0, seconds);
        while (true) {
            session.console().clear();
            round.run();
            session.sleep(Duration.ofMillis(Math.round(wait * 1000)));
        }
    }
}
