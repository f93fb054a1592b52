package io.kumki.agent.ha;

import io.kumki.dcs.cluster.MemberName;
import java.util.Optional;

/**
 * The server that a standby streams from, or a clone or rewind copies from.
 *
 * @param member its member name; empty for the remote of a standby cluster
 * @param host may be a comma-separated list for a remote
 * @param slot the slot to use there; empty: none
 */
public record Upstream(
        Optional<MemberName> member,
        String host,
        int port,
        String database,
        Optional<String> slot) {

    @Override
    public String toString() {
        return member.map(MemberName::value).orElse("remote") + " at " + host + ":" + port;
    }
}
