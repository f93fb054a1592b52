package io.kumki.dcs.etcd;

import java.util.List;
import java.util.logging.Level;
import java.util.logging.Logger;

/**
 * Keeps gRPC's own log quiet: an outage is reported once by us, not twice a second by each channel.
 */
final class GrpcLogging {

    /** Held here because java.util.logging forgets loggers, and their levels, that nobody holds. */
    private static final List<Logger> QUIET =
            List.of(Logger.getLogger("io.grpc"), Logger.getLogger("io.etcd.jetcd"));

    private GrpcLogging() {}

    static void quiet() {
        QUIET.forEach(logger -> {
            if (logger.getLevel() == null) { // somebody's explicit wish stays
                logger.setLevel(Level.SEVERE);
            }
        });
    }
}
