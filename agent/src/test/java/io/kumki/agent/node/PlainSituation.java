package io.kumki.agent.node;

import io.kumki.agent.ha.LocalServer;
import io.kumki.agent.ha.Memory;
import io.kumki.agent.ha.Self;
import io.kumki.agent.ha.Situation;
import io.kumki.dcs.cluster.ClusterSettings;
import io.kumki.dcs.cluster.ClusterView;
import java.time.Instant;
import java.util.Optional;
import java.util.TreeMap;

/** A member that remembers nothing, holds no lease and does nothing. */
final class PlainSituation {

    /** Nothing was created yet. */
    static final LocalServer NO_SERVER =
            new LocalServer(
                    new LocalServer.DataDirectory.Empty(),
                    LocalServer.Postmaster.STOPPED,
                    Optional.empty(),
                    new TreeMap<>());

    private PlainSituation() {}

    static Situation of(
            Self self,
            ClusterView view,
            ClusterSettings settings,
            LocalServer server,
            long nowNanos,
            Instant wall) {
        return new Situation(
                self,
                view,
                settings,
                server,
                true,
                Situation.Lease.NONE,
                Optional.empty(),
                Optional.empty(),
                Optional.empty(),
                Memory.FRESH,
                nowNanos,
                wall);
    }
}
