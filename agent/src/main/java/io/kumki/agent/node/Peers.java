package io.kumki.agent.node;

import io.kumki.agent.ha.PeerAnswer;
import io.kumki.dcs.cluster.Member;
import io.kumki.dcs.cluster.MemberName;
import io.vertx.core.Future;
import java.time.Duration;
import java.util.List;
import java.util.SortedMap;

/** The other members' REST APIs. */
public interface Peers {

    /**
     * Asks all for their state at once ({@code GET api_url?fresh=true}).
     *
     * @return never fails; has an entry for each member, after {@code limit} at the latest
     */
    Future<SortedMap<MemberName, PeerAnswer>> ask(List<Member> members, Duration limit);
}
