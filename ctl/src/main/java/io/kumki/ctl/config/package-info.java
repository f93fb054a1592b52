/**
 * The part of the configuration that the client needs: which store, which cluster, how to reach
 * members.
 */
@NullMarked
package io.kumki.ctl.config;

import org.jspecify.annotations.NullMarked;
