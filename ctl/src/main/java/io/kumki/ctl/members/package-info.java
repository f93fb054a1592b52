/** What a cluster looks like to an operator: roles, lags, the member table, who is meant. */
@NullMarked
package io.kumki.ctl.members;

import org.jspecify.annotations.NullMarked;
