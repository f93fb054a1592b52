package io.kumki.dcs.etcd;

/**
 * A request that got no answer to build on.
 *
 * <p>The message names the endpoints asked and the last trouble.
 */
final class EtcdCallException extends RuntimeException {

    private static final long serialVersionUID = 1L;

    private final transient Trouble trouble;

    EtcdCallException(Trouble trouble, String message) {
        super(message, null, false, false); // expected during an outage: no stack trace
        this.trouble = trouble;
    }

    /** {@link Trouble.Kind#IN_DOUBT} if any of the tries may have been applied. */
    Trouble trouble() {
        return trouble;
    }
}
