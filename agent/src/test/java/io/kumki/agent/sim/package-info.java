/**
 * The deterministic simulation: several real loops with the real rules over a simulated store,
 * server, network and clock, all driven by one seed on one thread.
 *
 * <p>{@link io.kumki.agent.sim.Simulation} is the entry; {@link io.kumki.agent.sim.Invariants} says
 * what must hold.
 */
@NullMarked
package io.kumki.agent.sim;

import org.jspecify.annotations.NullMarked;
