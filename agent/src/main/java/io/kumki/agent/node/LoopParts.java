package io.kumki.agent.node;

import io.kumki.agent.ha.Action;
import io.kumki.agent.ha.Decision;
import io.kumki.agent.ha.Situation;
import io.kumki.agent.postgres.PostgresServer;
import io.kumki.dcs.ClusterStore;
import java.util.function.Consumer;
import java.util.function.Function;

/**
 * What a loop is made of.
 *
 * @param scope the cluster's name
 * @param decide the rules; {@code Rules::decide} but in tests of the tests
 * @param onExit told once, on the loop's context, when this process should end
 */
public record LoopParts(
        String scope,
        ConfigurationSource config,
        ClusterStore store,
        PostgresServer server,
        Peers peers,
        Guard guard,
        LoopClock clock,
        Function<Situation, Decision> decide,
        Consumer<Action.Exit> onExit) {}
