/** One call of kumkictl: its surroundings, its configuration, its access to clusters. */
@NullMarked
package io.kumki.ctl.session;

import org.jspecify.annotations.NullMarked;
