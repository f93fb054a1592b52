/** The wire's JSON: how the cluster's records are written and read, and how values are merged. */
@NullMarked
package io.kumki.dcs.json;

import org.jspecify.annotations.NullMarked;
