package io.kumki.ctl.members;

import io.kumki.dcs.cluster.ClusterStatus;
import io.kumki.dcs.cluster.Lsn;
import io.kumki.dcs.cluster.Member;
import java.util.Optional;

/**
 * How far a standby is behind the leader, as table cells: positions as {@code HI/LO} or {@code
 * unknown}, lags as whole MiB or missing.
 */
record MemberLag(String receiveLsn, Object receiveLag, String replayLsn, Object replayLag) {

    static final MemberLag NONE = new MemberLag("", "", "", "");

    private static final double MIB = 1024 * 1024;

    /**
     * @param state as shown; it tells which position an agent means that publishes only one
     */
    static MemberLag of(Member member, String state, ClusterStatus status) {
        Optional<Lsn> received = member.wal().received();
        Optional<Lsn> replayed = member.wal().replayed();
        if (received.isEmpty() && replayed.isEmpty()) {
            if (state.equals("streaming")) {
                received = member.wal().location();
            } else {
                replayed = member.wal().location();
            }
        }
        return new MemberLag(
                text(received), lag(received, status), text(replayed), lag(replayed, status));
    }

    private static String text(Optional<Lsn> lsn) {
        return lsn.map(Lsn::toString).orElse("unknown");
    }

    private static Object lag(Optional<Lsn> lsn, ClusterStatus status) {
        if (lsn.isEmpty() || status.leaderLsn().isEmpty()) {
            return "";
        }
        long bytes = Math.max(0, status.leaderLsn().get().bytesBeyond(lsn.get()));
        return Math.round(bytes / MIB);
    }
}
