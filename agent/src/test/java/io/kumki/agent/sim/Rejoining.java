package io.kumki.agent.sim;

import io.kumki.agent.ha.Divergence;
import io.kumki.agent.ha.LocalServer.ClusterState;
import io.kumki.agent.ha.LocalServer.UnfinishedWork;
import io.kumki.agent.ha.Upstream;
import io.kumki.agent.postgres.Cancellation;
import io.kumki.agent.postgres.OperationResult;
import io.kumki.agent.sim.SimServer.Phase;
import io.kumki.dcs.cluster.TimelineHistory;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import java.util.Optional;
import java.util.function.Supplier;

/**
 * Compare, rewind, clone: with PostgreSQL's meaning. Two timelines with one number are told apart
 * by their content. Log is never removed here, so nothing is ever found to be gone.
 */
final class Rejoining {

    private final SimNode node;
    private final SimServer server;
    private final SimWorld world;
    private final Chance chance;
    private final Mishaps mishaps;

    Rejoining(SimNode node, Chance chance) {
        this.node = node;
        this.server = node.server();
        this.world = node.world();
        this.chance = chance;
        this.mishaps = node.parts().cluster().mishaps();
    }

    private Optional<SimServer> reachable(Upstream upstream) {
        SimServer source = node.parts().cluster().server(upstream.host());
        boolean reachable =
                source != null
                        && source != server
                        && node.parts().network().openBothWays(node.name(), source.name())
                        && !source.node().machine().frozen()
                        && source.runs(Phase.RUNNING);
        return reachable ? Optional.ofNullable(source) : Optional.empty();
    }

    // ---- compare

    Future<Divergence> assess(SimNode.Agent agent, Upstream leader) {
        Promise<Divergence> promise = Promise.promise();
        world.after(
                mishaps.takes(chance, 10, 200),
                agent,
                () -> {
                    Divergence found =
                            reachable(leader)
                                    .filter(SimServer::primary)
                                    .map(this::compare)
                                    .orElse(new Divergence.Unknown("no primary answers"));
                    promise.complete(found);
                });
        return promise.future();
    }

    private record Log(int timeline, long end, boolean standby) {}

    private Optional<Log> own() {
        if (server.runningStandby()) {
            return Optional.of(new Log(server.branch().timeline(), server.replayed(), true));
        }
        if (!server.runs(Phase.STOPPED)) {
            return Optional.empty();
        }
        return switch (server.state()) {
            case SHUT_DOWN_IN_RECOVERY, IN_ARCHIVE_RECOVERY ->
                    Optional.of(new Log(server.branch().timeline(), server.replayed(), true));
            case SHUT_DOWN ->
                    Optional.of(new Log(server.checkpointTimeline(), server.checkpointAt(), false));
            case STARTING_UP, SHUTTING_DOWN, IN_CRASH_RECOVERY, IN_PRODUCTION, UNKNOWN ->
                    Optional.empty();
        };
    }

    private Divergence compare(SimServer leader) {
        Divergence logs = compareLogs(leader);
        boolean gone = server.runningStandby() && server.end() < leader.oldest();
        if (logs instanceof Divergence.None && gone) {
            node.parts().cluster().invariants().stranded();
            return new Divergence.Stranded("the leader has no log before " + leader.oldest());
        }
        return logs;
    }

    private Divergence compareLogs(SimServer leader) {
        Optional<Log> own = own();
        if (own.isEmpty()) {
            return new Divergence.Unknown("the end of the own log isn't known");
        }
        Log mine = own.get();
        int theirs = leader.branch().timeline();
        if (!leader.systemIdentifier().equals(server.systemIdentifier())) {
            return new Divergence.Unknown("another cluster");
        }
        if (mine.timeline() > theirs) {
            return new Divergence.Diverged("own timeline is newer");
        }
        if (mine.timeline() == theirs) {
            boolean sameWay =
                    leader.branch().history().entries().equals(server.branch().history().entries());
            boolean same = sameWay && leader.branch().continues(server.branch(), mine.end());
            boolean ahead = server.runningStandby() && leader.end() < mine.end();
            return same && !ahead
                    ? new Divergence.None("same timeline")
                    : new Divergence.Diverged("same timeline number, another history", true);
        }
        long switched =
                leader.branch().history().entries().stream()
                        .filter(entry -> entry.timeline() == mine.timeline())
                        .mapToLong((TimelineHistory.Entry entry) -> entry.switchLsn().bytes())
                        .findFirst()
                        .orElse(0);
        String facts = "own log ends at " + mine.end() + ", left at " + switched;
        boolean fits =
                mine.standby()
                        ? mine.end() <= switched
                        : mine.end() < switched
                                && mine.end() + SimServer.CHECKPOINT_BYTES == switched;
        // the real one reads the first bytes of the own timeline on both sides
        return fits && leader.branch().continues(server.branch(), mine.end())
                ? new Divergence.None(facts)
                : new Divergence.Diverged(
                        facts, leader.branch().reaches(mine.timeline(), mine.end()));
    }

    // ---- rewind and clone: the agent's child processes, which end with it

    Future<OperationResult> rewind(
            SimNode.Agent agent, Upstream leader, Cancellation cancellation) {
        Optional<SimServer> source = reachable(leader).filter(SimServer::primary);
        if (source.isEmpty() || server.unfinished().isPresent()) {
            return failed(agent, "cannot rewind: no primary answers at " + leader);
        }
        if (server.state() == ClusterState.IN_PRODUCTION) {
            server.recoverAlone();
        }
        if (source.get().checkpointTimeline() == server.checkpointTimeline()) {
            // pg_rewind looks at control files and says that nothing is to be done
            return failed(agent, "pg_rewind changed nothing: the timelines have one number");
        }
        if (mishaps.fails(chance) || server.diskFull()) {
            return failed(agent, "cannot rewind: nothing was changed");
        }
        return copy(agent, source.get(), UnfinishedWork.REWIND, cancellation);
    }

    Future<OperationResult> cloneFrom(
            SimNode.Agent agent, Optional<Upstream> from, Cancellation cancellation) {
        server.discard();
        server.mark(UnfinishedWork.CLONE);
        Optional<SimServer> source = from.flatMap(this::reachable);
        return source.isEmpty()
                ? failed(agent, "nobody to copy from")
                : copy(agent, source.get(), UnfinishedWork.CLONE, cancellation);
    }

    private Future<OperationResult> copy(
            SimNode.Agent agent, SimServer source, UnfinishedWork work, Cancellation cancellation) {
        server.mark(work);
        world.trace(() -> node.name() + " " + work + " from " + source.name() + " begins");
        int life = source.life();
        boolean breaks = mishaps.fails(chance);
        return result(
                agent,
                500,
                4_000,
                () -> {
                    boolean whole =
                            !breaks
                                    && !server.diskFull()
                                    && !cancellation.cancelled()
                                    && source.life() == life
                                    && reachable(upstream(source)).isPresent();
                    if (!whole) {
                        return new OperationResult.Failed(work + " broke off");
                    }
                    server.copyOf(
                            source,
                            work == UnfinishedWork.REWIND
                                    ? ClusterState.IN_ARCHIVE_RECOVERY
                                    : source.state());
                    world.trace(() -> node.name() + " " + work + " complete: " + server);
                    return new OperationResult.Done("copied " + source.name());
                });
    }

    private static Upstream upstream(SimServer source) {
        return new Upstream(Optional.empty(), source.name(), 5432, "postgres", Optional.empty());
    }

    private Future<OperationResult> failed(SimNode.Agent agent, String reason) {
        return result(agent, 10, 300, () -> new OperationResult.Failed(reason));
    }

    private Future<OperationResult> result(
            SimNode.Agent agent, long least, long most, Supplier<OperationResult> result) {
        Promise<OperationResult> promise = Promise.promise();
        world.after(
                mishaps.takes(chance, least, most), agent, () -> promise.complete(result.get()));
        return promise.future();
    }
}
