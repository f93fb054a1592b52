/** The REST API: routes, probes, control, metrics; and its two ports to the agent. */
@NullMarked
package io.kumki.restapi;

import org.jspecify.annotations.NullMarked;
