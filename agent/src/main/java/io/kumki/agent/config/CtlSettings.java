package io.kumki.agent.config;

import java.nio.file.Path;
import java.util.Optional;

/**
 * The {@code ctl} section: how this node calls the REST API of others.
 *
 * @param authentication that of {@code restapi} if not set
 * @param cacert {@code restapi.cafile} if not set, else the system's
 * @param certfile client certificate
 */
public record CtlSettings(
        Optional<UserPassword> authentication,
        boolean insecure,
        Optional<Path> cacert,
        Optional<Path> certfile,
        Optional<Path> keyfile,
        Optional<String> keyfilePassword) {

    @Override
    public String toString() {
        return "CtlSettings[authentication="
                + authentication
                + ", insecure="
                + insecure
                + ", cacert="
                + cacert
                + ", certfile="
                + certfile
                + ", keyfile="
                + keyfile
                + ", keyfilePassword=***]";
    }
}
