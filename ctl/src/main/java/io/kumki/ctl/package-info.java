/** The command line for operators, {@code kumkictl}. */
@NullMarked
package io.kumki.ctl;

import org.jspecify.annotations.NullMarked;
