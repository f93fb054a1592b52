/** Input, output and errors of a command, with prompts as scripts answer them. */
@NullMarked
package io.kumki.ctl.console;

import org.jspecify.annotations.NullMarked;
