/** One class for each command of kumkictl. */
@NullMarked
package io.kumki.ctl.command;

import org.jspecify.annotations.NullMarked;
