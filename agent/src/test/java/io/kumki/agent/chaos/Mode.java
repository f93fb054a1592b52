package io.kumki.agent.chaos;

/** How the cluster replicates. */
enum Mode {
    ASYNC(""),
    SYNC("synchronous_mode: on"),
    STRICT("synchronous_mode: on\nsynchronous_mode_strict: true"),
    QUORUM("synchronous_mode: quorum"),
    FAILSAFE("synchronous_mode: on\nfailsafe_mode: true");

    /** Lines of the dynamic configuration. */
    final String settings;

    Mode(String settings) {
        this.settings = settings;
    }

    /** Whether a lost acknowledged row is a violation. */
    boolean keepsAll() {
        return this != ASYNC;
    }
}
