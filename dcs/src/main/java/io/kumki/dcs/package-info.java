/** The port to the cluster's shared state: typed reads, compare-and-set writes, one watch. */
@NullMarked
package io.kumki.dcs;

import org.jspecify.annotations.NullMarked;
