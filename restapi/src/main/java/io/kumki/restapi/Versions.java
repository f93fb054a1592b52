package io.kumki.restapi;

import java.util.Optional;

/** The two versions we publish. */
public final class Versions {

    /** The version whose wire formats we speak; peers compare it, so it must parse as 4.x. */
    public static final String WIRE = "4.1.4";

    /** {@link #WIRE} as one number: each part padded to two digits. */
    static final String WIRE_NUMBER = "040104";

    /** Of our requests to other members, which look at its begin; then who we are. */
    public static final String USER_AGENT = "Patroni/" + WIRE + " Kumki/" + own();

    private Versions() {}

    /** Our own version, from the jar's manifest; {@code dev} when run from class files. */
    public static String own() {
        return Optional.ofNullable(Versions.class.getPackage().getImplementationVersion())
                .orElse("dev");
    }
}
