package io.kumki.dcs.etcd;

import io.grpc.Status;
import java.util.Locale;

/**
 * What a failed try means for the request: by etcd's status code and text (contract {@code dcs.md}
 * 8 and 10).
 *
 * @param kind what may be done next
 * @param text code and description, for people
 */
record Trouble(Kind kind, String text) {

    enum Kind {
        /** Certainly not applied: any other endpoint may be asked, whatever the request. */
        NOT_APPLIED,
        /** No usable answer: it may have been applied, or may still be. */
        IN_DOUBT,
        /** The token is missing, old or unknown: authenticate again, then repeat. Not applied. */
        AUTHENTICATION,
        /** etcd refused it for good; asking again gives the same answer. Not applied. */
        REFUSED
    }

    /** etcd's text for a lease that is gone. */
    private static final String LEASE_NOT_FOUND = "requested lease not found";

    boolean leaseNotFound() {
        return kind == Kind.REFUSED && text.contains(LEASE_NOT_FOUND);
    }

    /**
     * Classifies a failed try.
     *
     * @param sent whether the request may have left this process
     */
    static Trouble of(Status status, boolean sent) {
        String description = status.getDescription() == null ? "" : status.getDescription();
        String cause =
                status.getCause() == null || status.getCause().getMessage() == null
                        ? ""
                        : " (" + status.getCause().getMessage() + ")";
        String text = (status.getCode() + " " + description + cause).strip();
        return new Trouble(
                kind(status.getCode(), description.toLowerCase(Locale.ROOT), sent), text);
    }

    private static Kind kind(Status.Code code, String description, boolean sent) {
        if (description.contains("invalid auth token")
                || description.contains("user name is empty")
                || description.contains("permission denied")
                || description.contains("revision of auth store is old")) {
            return Kind.AUTHENTICATION;
        }
        return switch (code) {
            // "no leader" comes before the request is looked at, because we ask for that by
            // metadata ("hasleader"); "not a primary lessor" is a member that has just lost the
            // lead
            case UNAVAILABLE ->
                    !sent || description.contains("etcdserver: no leader")
                            ? Kind.NOT_APPLIED
                            : Kind.IN_DOUBT;
            case RESOURCE_EXHAUSTED ->
                    description.contains("too many requests") ? Kind.NOT_APPLIED : Kind.REFUSED;
            case NOT_FOUND,
                    INVALID_ARGUMENT,
                    ALREADY_EXISTS,
                    OUT_OF_RANGE,
                    FAILED_PRECONDITION,
                    PERMISSION_DENIED,
                    UNAUTHENTICATED,
                    UNIMPLEMENTED ->
                    Kind.REFUSED;
            case OK, CANCELLED, UNKNOWN, DEADLINE_EXCEEDED, ABORTED, INTERNAL, DATA_LOSS ->
                    sent ? Kind.IN_DOUBT : Kind.NOT_APPLIED;
        };
    }
}
