package io.kumki.dcs;

import org.jspecify.annotations.Nullable;

/**
 * No endpoint of the store gave a usable answer in time; the message names the endpoints and what
 * to check.
 */
public final class StoreUnavailableException extends RuntimeException {

    private static final long serialVersionUID = 1L;

    public StoreUnavailableException(String message, @Nullable Throwable cause) {
        super(message, cause);
    }
}
