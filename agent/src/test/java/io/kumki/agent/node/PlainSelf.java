package io.kumki.agent.node;

import io.kumki.agent.ha.Self;
import io.kumki.dcs.cluster.Member;
import io.kumki.dcs.cluster.MemberName;
import io.kumki.dcs.cluster.Tags;

/** A member without anything particular. */
final class PlainSelf {

    private PlainSelf() {}

    static Self named(MemberName name) {
        return new Self(
                name,
                Member.nameOnly(name).addresses(),
                Tags.NONE,
                true,
                new Self.RejoinPolicy(false, false, false),
                Self.SlotPolicy.MEMBERS);
    }
}
