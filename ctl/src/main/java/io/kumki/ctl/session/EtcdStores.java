package io.kumki.ctl.session;

import io.kumki.ctl.config.EtcdSection;
import io.kumki.ctl.console.CtlException;
import io.kumki.dcs.ClusterStore;
import io.kumki.dcs.etcd.ClusterPath;
import io.kumki.dcs.etcd.EtcdClusterStore;
import io.kumki.dcs.etcd.EtcdConfig;
import io.vertx.core.Vertx;
import io.vertx.core.VertxOptions;
import io.vertx.core.file.FileSystemOptions;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import org.jspecify.annotations.Nullable;

/**
 * Opens clusters in etcd; the event loop behind them starts with the first one. The threads are
 * those of one short command: {@link #close} ends them without waiting.
 */
public final class EtcdStores implements StoreOpener, AutoCloseable {

    private @Nullable Vertx vertx;

    @Override
    public ClusterStore open(
            Map<String, @Nullable Object> etcd3,
            String namespace,
            String scope,
            OptionalInt group) {
        EtcdConfig config = EtcdSection.parse(etcd3);
        Optional<String> groupName =
                group.isPresent() ? Optional.of("" + group.getAsInt()) : Optional.empty();
        try {
            return EtcdClusterStore.open(
                    eventLoop(),
                    config,
                    new ClusterPath(namespace, scope, groupName),
                    System::nanoTime);
        } catch (IllegalArgumentException e) {
            throw new CtlException(String.valueOf(e.getMessage()), e);
        }
    }

    private Vertx eventLoop() {
        Vertx known = vertx;
        if (known == null) {
            known =
                    Vertx.vertx(
                            new VertxOptions()
                                    .setEventLoopPoolSize(1)
                                    .setWorkerPoolSize(1)
                                    .setInternalBlockingPoolSize(1)
                                    .setFileSystemOptions(
                                            new FileSystemOptions()
                                                    .setFileCachingEnabled(false)
                                                    .setClassPathResolvingEnabled(false)));
            vertx = known;
        }
        return known;
    }

    @Override
    public void close() {
        if (vertx != null) {
            vertx.close();
        }
    }
}
