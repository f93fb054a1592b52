package io.kumki.ctl.members;

import io.kumki.dcs.cluster.ClusterSettings;
import io.kumki.dcs.cluster.ClusterSettings.SynchronousMode;
import io.kumki.dcs.cluster.ClusterView;
import io.kumki.dcs.cluster.Member;

/** A member's role in the member table. */
public enum ShownRole {
    LEADER("Leader"),
    STANDBY_LEADER("Standby Leader"),
    SYNC_STANDBY("Sync Standby"),
    QUORUM_STANDBY("Quorum Standby"),
    REPLICA("Replica");

    private final String text;

    ShownRole(String text) {
        this.text = text;
    }

    public String text() {
        return text;
    }

    /** The role follows from the leader key, the sync key and the dynamic configuration. */
    public static ShownRole of(Member member, ClusterView view) {
        ClusterSettings settings =
                view.config().map(ClusterSettings::of).orElse(ClusterSettings.DEFAULT);
        if (view.leadership().heldBy(member.name())) {
            return settings.standbyCluster().isPresent() ? STANDBY_LEADER : LEADER;
        }
        if (settings.synchronousMode() == SynchronousMode.OFF
                || !view.sync().active()
                || !view.sync().names(member.name())) {
            return REPLICA;
        }
        return settings.synchronousMode() == SynchronousMode.QUORUM ? QUORUM_STANDBY : SYNC_STANDBY;
    }
}
