/** The decision core: pure functions over records. No clock, no I/O, no Vert.x. */
@NullMarked
package io.kumki.agent.ha;

import org.jspecify.annotations.NullMarked;
