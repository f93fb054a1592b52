package io.kumki.agent.sim;

import io.kumki.agent.config.BootstrapConfig;
import io.kumki.agent.ha.Self;
import io.kumki.agent.node.ConfigurationSource;
import io.kumki.dcs.cluster.ClusterSettings;
import io.kumki.dcs.cluster.DynamicConfig;
import io.kumki.dcs.cluster.Member;
import io.kumki.dcs.cluster.MemberName;
import io.kumki.dcs.cluster.Tags;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** A simulated member's configuration. */
final class SimConfig implements ConfigurationSource {

    private final Scenario scenario;
    private final String name;

    SimConfig(Scenario scenario, String name) {
        this.scenario = scenario;
        this.name = name;
    }

    @Override
    public Self self(boolean canRewind) {
        return new Self(
                new MemberName(name),
                new Member.Addresses(
                        Optional.of("postgres://" + name + ":5432/postgres"),
                        Optional.of("http://" + name + ":8008/patroni"),
                        Optional.empty()),
                scenario.tags().getOrDefault(name, Tags.NONE),
                true,
                new Self.RejoinPolicy(
                        canRewind, scenario.cloneAfterFailedRewind(), scenario.cloneWhenDiverged()),
                Self.SlotPolicy.MEMBERS);
    }

    @Override
    public BootstrapConfig bootstrap() {
        return new BootstrapConfig(
                true,
                scenario.dynamic(),
                "initdb",
                List.of(),
                Map.of(),
                Optional.empty(),
                List.of());
    }

    @Override
    public ClusterSettings initialSettings() {
        return scenario.settings();
    }

    @Override
    public ClusterSettings accept(DynamicConfig config, boolean ours) {
        return ClusterSettings.of(config);
    }

    @Override
    public Map<String, Object> ownDynamicConfig() {
        return scenario.dynamic();
    }
}
