/** The few calls of Linux that Java has no method for, through {@code java.lang.foreign}. */
@NullMarked
package io.kumki.agent.linux;

import org.jspecify.annotations.NullMarked;
