/**
 * Chaos: the real distribution with real PostgreSQL and etcd on hosts made of network namespaces,
 * under faults in seeded order, with clients that record what was acknowledged.
 *
 * <p>{@link io.kumki.agent.chaos.ChaosMain} is the entry (run by {@code tools/run-chaos}); {@link
 * io.kumki.agent.chaos.Checker} says what must hold.
 */
@NullMarked
package io.kumki.agent.chaos;

import org.jspecify.annotations.NullMarked;
