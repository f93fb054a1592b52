/** The variables of the environment that configure agent and client. */
@NullMarked
package io.kumki.dcs.environment;

import org.jspecify.annotations.NullMarked;
