/** The shared store: the port to it and what its answers mean. */
@NullMarked
package io.kumki.dcs;

import org.jspecify.annotations.NullMarked;
