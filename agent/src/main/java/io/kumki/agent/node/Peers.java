package io.kumki.agent.node;

import io.kumki.agent.ha.PeerAnswer;
import io.kumki.dcs.cluster.Lsn;
import io.kumki.dcs.cluster.Member;
import io.kumki.dcs.cluster.MemberName;
import io.kumki.restapi.Lease;
import io.kumki.restapi.NodeControl.FailsafeCall;
import io.vertx.core.Future;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.SortedMap;

/** The other members' REST APIs. */
public interface Peers {

    /**
     * Asks all for their state at once ({@code GET api_url?fresh=true}).
     *
     * @return never fails; has an entry for each member, after {@code limit} at the latest
     */
    Future<SortedMap<MemberName, PeerAnswer>> ask(List<Member> members, Duration limit);

    /**
     * Asks the leader what is left of its lease ({@code GET api_url}).
     *
     * @return never fails; empty if it doesn't say, after {@code limit} at the latest
     */
    Future<Optional<Lease>> askLease(Member leader, Duration limit);

    /**
     * Asks all at once whether they agree that {@code call}'s sender goes on as leader ({@code POST
     * /failsafe}).
     *
     * @param members their REST addresses
     * @return never fails; has an entry for each member, after {@code limit} at the latest
     */
    Future<SortedMap<MemberName, FailsafeReply>> askFailsafe(
            SortedMap<MemberName, String> members, FailsafeCall call, Duration limit);

    /** A member's reply. */
    sealed interface FailsafeReply {
        /**
         * @param position of its log, if it told it
         * @param promised for so long it won't run for leader; empty if it said nothing but yes
         */
        record Agreed(Optional<Lsn> position, Optional<Duration> promised)
                implements FailsafeReply {}

        record Refused(String why) implements FailsafeReply {}
    }
}
