package io.kumki.ctl.console;

/** Input ended at a prompt: printed as {@code Aborted!} on standard error, exit code 1. */
public final class AbortedException extends RuntimeException {

    private static final long serialVersionUID = 1L;
}
