/** The imperative shell: the loop, operations, the decision log, the composition root. */
@NullMarked
package io.kumki.agent.node;

import org.jspecify.annotations.NullMarked;
