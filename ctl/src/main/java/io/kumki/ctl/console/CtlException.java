package io.kumki.ctl.console;

/**
 * A command can't go on, for a reason the operator can act on: printed as {@code Error: MESSAGE} on
 * standard error, exit code 1.
 */
public final class CtlException extends RuntimeException {

    private static final long serialVersionUID = 1L;

    public CtlException(String message) {
        super(message);
    }

    public CtlException(String message, Throwable cause) {
        super(message, cause);
    }
}
