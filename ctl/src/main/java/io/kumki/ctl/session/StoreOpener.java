package io.kumki.ctl.session;

import io.kumki.ctl.console.CtlException;
import io.kumki.dcs.ClusterStore;
import java.util.Map;
import java.util.OptionalInt;
import org.jspecify.annotations.Nullable;

/** Opens the store of one cluster; the caller closes it. */
@FunctionalInterface
public interface StoreOpener {

    /**
     * @param etcd3 the configuration's section of that name
     * @param namespace prefix of all clusters' keys; slashes around it don't matter
     * @param scope the cluster's name
     * @param group the Citus group, if the cluster is one
     * @throws CtlException if the section lacks or contradicts something; the message names the key
     */
    ClusterStore open(
            Map<String, @Nullable Object> etcd3, String namespace, String scope, OptionalInt group);
}
