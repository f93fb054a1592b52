/** The REST interface of a node: probes, control, metrics. */
@NullMarked
package io.kumki.restapi;

import org.jspecify.annotations.NullMarked;
