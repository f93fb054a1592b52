package io.kumki.ctl.session;

import io.kumki.ctl.config.ConfigSource;
import io.kumki.ctl.config.CtlConfig;
import io.kumki.ctl.config.StoreChoice;
import io.kumki.ctl.console.AbortedException;
import io.kumki.ctl.console.Console;
import io.kumki.ctl.console.CtlException;
import io.kumki.ctl.rest.MemberApi;
import io.kumki.dcs.ClusterStore;
import java.time.Clock;
import java.time.Duration;
import java.util.Map;
import java.util.OptionalInt;
import org.jspecify.annotations.Nullable;

/** One call of kumkictl: its configuration, read when first needed, and what commands share. */
public final class Session {

    private final Surroundings surroundings;
    private final @Nullable String configFile;
    private final @Nullable String storeUrl;
    private final boolean insecure;

    private @Nullable CtlConfig config;
    private @Nullable MemberApi api;

    Session(
            Surroundings surroundings,
            @Nullable String configFile,
            @Nullable String storeUrl,
            boolean insecure) {
        this.surroundings = surroundings;
        this.configFile = configFile;
        this.storeUrl = storeUrl;
        this.insecure = insecure;
    }

    public Surroundings surroundings() {
        return surroundings;
    }

    public Console console() {
        return surroundings.console();
    }

    public Clock clock() {
        return surroundings.clock();
    }

    public void sleep(Duration time) {
        try {
            surroundings.pause().sleep(time);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new AbortedException();
        }
    }

    public CtlConfig config() {
        CtlConfig known = config;
        if (known == null) {
            Map<String, @Nullable Object> root =
                    ConfigSource.load(configFile, surroundings.environment());
            if (storeUrl != null && !storeUrl.isBlank()) {
                root = StoreChoice.withUrl(root, storeUrl);
            }
            known = CtlConfig.of(root, insecure);
            config = known;
        }
        return known;
    }

    /**
     * @throws CtlException if a certificate or key of the configuration can't be used
     */
    public MemberApi api() {
        MemberApi known = api;
        if (known == null) {
            known = new MemberApi(config().rest());
            api = known;
        }
        return known;
    }

    /**
     * Opens a cluster's keys.
     *
     * @param group the Citus group to see; without one, of a Citus cluster the coordinator
     */
    public ClusterAccess open(String name, OptionalInt group) {
        boolean citus = group.isPresent() || config().citusGroup().isPresent();
        OptionalInt shown = citus && group.isEmpty() ? OptionalInt.of(0) : group;
        ClusterStore store =
                surroundings
                        .stores()
                        .open(
                                StoreChoice.etcd3(config().root()),
                                config().namespace(),
                                name,
                                shown);
        return new ClusterAccess(name, citus, shown, store);
    }
}
