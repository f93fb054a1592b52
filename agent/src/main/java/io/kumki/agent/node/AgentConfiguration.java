package io.kumki.agent.node;

import io.kumki.agent.config.BootstrapConfig;
import io.kumki.agent.config.DynamicConfigCache;
import io.kumki.agent.config.EffectiveConfig;
import io.kumki.agent.config.NodeConfig;
import io.kumki.agent.config.PostgresConfig;
import io.kumki.agent.config.RefusedConfigException;
import io.kumki.agent.ha.RemoteSource;
import io.kumki.agent.ha.Self;
import io.kumki.dcs.cluster.ClusterSettings;
import io.kumki.dcs.cluster.DynamicConfig;
import io.kumki.dcs.cluster.Member;
import io.kumki.dcs.cluster.MemberName;
import java.io.IOException;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The local configuration under the dynamic one in force; used on the loop's context. */
final class AgentConfiguration implements ConfigurationSource {

    private static final Logger LOG = LoggerFactory.getLogger(AgentConfiguration.class);

    private final DynamicConfigCache cache;
    private String apiUrl;
    private NodeConfig node;
    private EffectiveConfig effective;
    private Map<String, ? extends @Nullable Object> dynamic;
    private boolean cacheIsDue;
    private boolean confirmed;
    private Consumer<PostgresConfig> onPostgres = _ -> {};
    private @Nullable Self self;
    private List<String> slotProblems = List.of();

    /**
     * @param apiUrl where the other members reach this node's REST API
     * @throws RefusedConfigException if neither the cached copy nor {@code bootstrap.dcs} can be
     *     used
     */
    AgentConfiguration(NodeConfig node, String apiUrl) throws RefusedConfigException {
        this.node = node;
        this.apiUrl = apiUrl;
        EffectiveConfig first = EffectiveConfig.merge(node, Map.of());
        this.cache = new DynamicConfigCache(first.postgres().files().dataDir());
        Optional<Map<String, @Nullable Object>> cached = cached();
        this.dynamic = cached.isPresent() ? cached.get() : node.bootstrap().dcs();
        this.effective = EffectiveConfig.merge(node, dynamic);
        warn(effective, List.of());
    }

    /** Where the other members reach the REST API from now on. */
    void advertise(String url) {
        apiUrl = url;
        self = null;
    }

    /** Tells of each new effective {@code postgresql} section. */
    void onPostgresChange(Consumer<PostgresConfig> listener) {
        this.onPostgres = listener;
    }

    private Optional<Map<String, @Nullable Object>> cached() {
        try {
            return cache.read().filter(values -> !values.isEmpty());
        } catch (IOException e) {
            LOG.atWarn()
                    .addKeyValue("error", e.getMessage())
                    .log("the cached dynamic configuration is ignored");
            return Optional.empty();
        }
    }

    PostgresConfig postgres() {
        return effective.postgres();
    }

    @Override
    public Self self(boolean canRewind) {
        if (self == null || self.rejoin().canRewind() != canRewind) {
            self = build(canRewind);
        }
        return self;
    }

    private Self build(boolean canRewind) {
        PostgresConfig postgres = effective.postgres();
        PostgresConfig.Listen listen = postgres.listen();
        String host =
                listen.connectHost().contains(":")
                        ? "[" + listen.connectHost() + "]"
                        : listen.connectHost();
        Member.Addresses addresses =
                new Member.Addresses(
                        Optional.of(
                                "postgres://"
                                        + host
                                        + ":"
                                        + listen.connectPort()
                                        + "/"
                                        + listen.database()),
                        Optional.of(apiUrl),
                        listen.proxyAddress()
                                .map(address -> "postgres://" + address + "/" + listen.database()));
        Self own =
                new Self(
                        new MemberName(node.name()),
                        addresses,
                        node.tags(),
                        node.bootstrap().present(),
                        postgres.clonesWithoutSource(),
                        new Self.RejoinPolicy(
                                canRewind && postgres.rejoin().usePgRewind(),
                                postgres.rejoin().removeDataDirectoryOnRewindFailure(),
                                postgres.rejoin().removeDataDirectoryOnDivergedTimelines()),
                        slots());
        return node.bootstrap().present() && !node.bootstrap().method().equals("initdb")
                ? own.withCustomBootstrap()
                : own;
    }

    private Self.SlotPolicy slots() {
        SlotDefinitions.Read read = SlotDefinitions.read(dynamic, effective.postgres().useSlots());
        if (!read.problems().equals(slotProblems)) {
            slotProblems = read.problems();
            slotProblems.forEach(problem ->
                    LOG.atError()
                            .addKeyValue("problem", problem)
                            .log("mistake in the slots of the dynamic configuration"));
        }
        return read.policy();
    }

    @Override
    public BootstrapConfig bootstrap() {
        return node.bootstrap();
    }

    @Override
    public ClusterSettings initialSettings() {
        return effective.settings();
    }

    @Override
    public ClusterSettings accept(DynamicConfig config, boolean ours) {
        take(node, config.values(), ours);
        if (ours && !confirmed) {
            // a server that ran before us may have been started with other settings
            confirmed = true;
            onPostgres.accept(effective.postgres());
        }
        return effective.settings();
    }

    /** Takes over a new local configuration, as on SIGHUP. */
    void reload(NodeConfig fresh) {
        take(fresh, dynamic, true);
    }

    private void take(
            NodeConfig local, Map<String, ? extends @Nullable Object> values, boolean ours) {
        EffectiveConfig fresh;
        try {
            fresh = EffectiveConfig.merge(local, values);
            node = local;
            dynamic = values;
        } catch (RefusedConfigException e) {
            LOG.atError().addKeyValue("error", e.getMessage()).log("configuration refused");
            dynamic = mended(values);
            fresh = accepted(node, dynamic);
        }
        self = null;
        cacheIsDue |= ours; // another cluster's isn't what a wiped store is filled with
        boolean postgresChanged = !fresh.postgres().equals(effective.postgres());
        boolean changed = !fresh.equals(effective);
        List<String> before = effective.warnings();
        effective = fresh;
        if (changed) {
            warn(fresh, before);
        }
        if (ours && postgresChanged) {
            onPostgres.accept(fresh.postgres());
        }
    }

    /**
     * Times and server settings of a refused configuration stay as they were; what is asked of the
     * cluster counts all the same: {@code pause} must pause, whatever stands beside it.
     */
    private Map<String, @Nullable Object> mended(Map<String, ? extends @Nullable Object> refused) {
        Map<String, @Nullable Object> mended = new LinkedHashMap<>(refused);
        for (String key : EffectiveConfig.REFUSABLE) {
            mended.remove(key);
            if (effective.dynamic().get(key) != null) {
                mended.put(key, effective.dynamic().get(key));
            }
        }
        return mended;
    }

    private static EffectiveConfig accepted(
            NodeConfig node, Map<String, ? extends @Nullable Object> values) {
        try {
            return EffectiveConfig.merge(node, values);
        } catch (RefusedConfigException e) {
            throw new IllegalStateException("only accepted values are left", e);
        }
    }

    /**
     * @param said warnings that were given already: an unrelated change is no reason to repeat them
     */
    private static void warn(EffectiveConfig effective, List<String> said) {
        effective.warnings().stream()
                .filter(warning -> !said.contains(warning))
                .forEach(warning ->
                        LOG.atWarn().addKeyValue("reason", warning).log("configuration"));
        warnOfRemote(effective);
    }

    /** What PostgreSQL would refuse is left out, and said. */
    private static void warnOfRemote(EffectiveConfig effective) {
        Optional<ClusterSettings.StandbyCluster> remote = effective.settings().standbyCluster();
        remote.flatMap(ClusterSettings.StandbyCluster::recoveryMinApplyDelay)
                .filter(text -> RemoteSource.delay(text).isEmpty())
                .ifPresent(text ->
                        ignored(
                                "recovery_min_apply_delay",
                                text,
                                "write a number with one of us, ms, s, min, h, d, at most 24 d"));
        if (effective.dynamic().get("standby_cluster") instanceof Map<?, ?> section
                && section.get("port") != null
                && remote.isPresent()
                && remote.get().port().isEmpty()) {
            ignored("port", section.get("port"), "write a number from 1 to 65535; 5432 is used");
        }
    }

    private static void ignored(String key, Object value, String remedy) {
        LOG.atError()
                .addKeyValue("key", "standby_cluster." + key)
                .addKeyValue("value", value)
                .addKeyValue("remedy", remedy)
                .log("setting ignored");
    }

    @Override
    public List<String> parameterProblems() {
        return effective.parameterProblems();
    }

    @Override
    public Map<String, Object> ownDynamicConfig() {
        Map<String, Object> values = new LinkedHashMap<>();
        dynamic.forEach((key, value) -> {
            if (value != null) {
                values.put(key, value);
            }
        });
        return values;
    }

    /** The copy in the data directory follows as soon as there is one. */
    @Override
    public void turnEnded() {
        if (!cacheIsDue) {
            return;
        }
        try {
            cacheIsDue = !cache.write(effective.dynamic());
        } catch (IOException e) {
            LOG.atWarn()
                    .addKeyValue("error", e.getMessage())
                    .log("the copy of the dynamic configuration could not be written");
        }
    }
}
