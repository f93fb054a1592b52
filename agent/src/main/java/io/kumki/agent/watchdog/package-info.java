/** The machine's watchdog: resets it if this agent can't keep its server within the lease. */
@NullMarked
package io.kumki.agent.watchdog;

import org.jspecify.annotations.NullMarked;
