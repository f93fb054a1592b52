package io.kumki.agent.config;

/**
 * The key {@code lease_guard}: whether a process of its own ends a server that outlives its lease.
 */
public enum LeaseGuardMode {
    OFF,
    /** Where it can run; a member without it may lead. The default. */
    AUTOMATIC,
    /** A member without it is never promoted. */
    REQUIRED
}
