package io.kumki.agent.config;

/** A dynamic configuration that can't be taken over; the one before it stays in force. */
public final class RefusedConfigException extends Exception {

    private static final long serialVersionUID = 1L;

    public RefusedConfigException(String message) {
        super(message);
    }
}
