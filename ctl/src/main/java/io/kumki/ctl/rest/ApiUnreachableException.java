package io.kumki.ctl.rest;

/** A member's REST API gave no answer; the message names its address and what went wrong. */
public final class ApiUnreachableException extends Exception {

    private static final long serialVersionUID = 1L;

    public ApiUnreachableException(String message) {
        super(message);
    }

    public ApiUnreachableException(String message, Throwable cause) {
        super(message, cause);
    }
}
