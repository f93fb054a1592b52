package io.kumki.agent.sim;

import static org.assertj.core.api.Assertions.assertThat;

import io.kumki.agent.ha.Rules;
import io.kumki.dcs.ClusterStore;
import io.kumki.dcs.ClusterStoreContract;
import io.vertx.core.Future;
import java.time.Duration;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.Timeout;

/** The simulated store keeps the contract that the etcd adapter keeps. */
@Timeout(30)
class SimStoreTest extends ClusterStoreContract {

    private static final Duration ANSWER_LIMIT = Duration.ofSeconds(20);

    private final SimWorld world = new SimWorld(false);
    private final Cluster cluster =
            new Cluster(world, Scenario.draw(new Chance(1)), new Chance(2), Rules::decide);
    private final Chance chance = new Chance(3);
    private int opened;

    @Override
    protected ClusterStore open() {
        SimNode node = cluster.nodes().get(opened++);
        SimNode.Agent agent = node.new Agent();
        return new SimStore(node, agent, new SimClock(world, agent, node.rate()), chance.fork());
    }

    @Override
    protected <T> T get(Future<T> future) {
        await(ANSWER_LIMIT, future::isComplete);
        return future.result();
    }

    @Override
    protected void await(Duration limit, BooleanSupplier condition) {
        long end = world.now() + limit.toNanos();
        while (!condition.getAsBoolean() && world.now() < end) {
            world.runUntil(world.now() + SimWorld.MILLI);
        }
        assertThat(condition.getAsBoolean()).as("within %s of virtual time", limit).isTrue();
        assertThat(world.violation()).isEmpty();
    }

    @Override
    protected long nanoTime() {
        return cluster.nodes().getFirst().rate().at(world.now());
    }
}
