package io.kumki.agent.node;

import io.kumki.agent.config.BootstrapConfig;
import io.kumki.agent.ha.Self;
import io.kumki.dcs.cluster.ClusterSettings;
import io.kumki.dcs.cluster.DynamicConfig;
import java.util.List;
import java.util.Map;

/** The local configuration and what becomes of it under a dynamic configuration. */
public interface ConfigurationSource {

    /**
     * This member as configured. {@code canRewind} is the server's answer, see {@code
     * PostgresServer.canRewind}.
     */
    Self self(boolean canRewind);

    BootstrapConfig bootstrap();

    /**
     * Settings before the store was read: from the cached copy of the dynamic configuration, else
     * {@code bootstrap.dcs}.
     */
    ClusterSettings initialSettings();

    /**
     * Takes over a dynamic configuration with a revision not seen before; the old one stays in
     * force if it is refused.
     *
     * @param ours whether the data directory is this cluster's or empty: another's files stay as
     *     they are
     */
    ClusterSettings accept(DynamicConfig config, boolean ours);

    /** A turn is over: time for what may wait, such as the copy in the data directory. */
    default void turnEnded() {}

    /** Server parameters that the configuration names, but not as they may be; a sentence each. */
    default List<String> parameterProblems() {
        return List.of();
    }

    /** Own copy of the dynamic configuration, for a store that has none. */
    Map<String, Object> ownDynamicConfig();
}
