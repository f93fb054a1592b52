package io.kumki.agent.ha;

import io.kumki.agent.ha.LocalServer.Answer;
import io.kumki.dcs.cluster.Lsn;
import java.util.Optional;

/**
 * How far it is shown that every acknowledged commit has been confirmed as the server's demand
 * says.
 *
 * <p>A reload reaches the processes of a server one by one, and the value that a session shows
 * proves only that it began. Commits go on waiting for what the WAL senders know, and they don't
 * wait at all until the checkpointer has noted that they must, which may be after a long
 * checkpoint. So it takes three looks:
 *
 * <ol>
 *   <li>The server shows the value.
 *   <li>At a later look it still does, the checkpointer waits for work (so it has read the value),
 *       and every sender's priority fits. The end of the log at that moment is the baseline: from
 *       there on every commit waits for what is demanded.
 *   <li>As many standbys as are demanded have everything up to the baseline: then it is settled.
 * </ol>
 *
 * @param inForce the value as the server shows it
 * @param server when the server was started: another one begins anew
 * @param baseline the end of the log when the value was in force everywhere
 * @param settled once true it stays so as long as the value does
 */
public record SyncProof(String inForce, String server, Optional<Lsn> baseline, boolean settled) {

    static SyncProof look(Optional<SyncProof> before, SyncDemand demand, Answer.Primary primary) {
        String inForce = primary.info().sync().inForce();
        String server = primary.info().postmasterStartTime();
        SyncProof last = before.orElse(null);
        if (last == null || !last.inForce.equals(inForce) || !last.server.equals(server)) {
            return new SyncProof(inForce, server, Optional.empty(), false);
        }
        if (last.settled) {
            return last;
        }
        Optional<Lsn> baseline = last.baseline;
        boolean everywhere =
                primary.info().sync().checkpointerIdle()
                        && SyncStandbys.knownToSenders(demand, primary);
        if (baseline.isEmpty() && everywhere) {
            baseline = Optional.of(primary.flushedLsn());
        }
        boolean settled =
                demand.count() > 0
                        && baseline.isPresent()
                        && SyncStandbys.having(demand, baseline.get(), primary) >= demand.count();
        return new SyncProof(inForce, server, baseline, settled);
    }
}
