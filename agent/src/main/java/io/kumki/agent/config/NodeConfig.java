package io.kumki.agent.config;

import io.kumki.dcs.cluster.Tags;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * The local configuration of one node, checked and typed. Its text shows no secret.
 *
 * @param namespace path prefix in the store, without slashes around it
 * @param tags those that are published
 * @param threadPoolSize parallel requests to other members
 * @param postgresql the local {@code postgresql} section as written; {@link EffectiveConfig} reads
 *     it together with the dynamic one
 */
public record NodeConfig(
        String scope,
        String namespace,
        String name,
        LogSettings log,
        RestSettings rest,
        CtlSettings ctl,
        EtcdSettings etcd,
        BootstrapConfig bootstrap,
        Tags tags,
        WatchdogSettings watchdog,
        LeaseGuardMode leaseGuard,
        Optional<CitusSettings> citus,
        int threadPoolSize,
        Map<String, @Nullable Object> postgresql) {

    public NodeConfig {
        postgresql = Section.of(postgresql).values();
    }

    @Override
    public String toString() {
        return "NodeConfig[scope="
                + scope
                + ", namespace="
                + namespace
                + ", name="
                + name
                + ", rest="
                + rest
                + ", etcd="
                + etcd
                + ", tags="
                + tags
                + ", postgresql="
                + Secrets.masked("", postgresql)
                + "]";
    }
}
