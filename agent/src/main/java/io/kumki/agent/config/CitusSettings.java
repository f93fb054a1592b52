package io.kumki.agent.config;

/**
 * The {@code citus} section.
 *
 * @param group 0 is the coordinator's
 */
public record CitusSettings(int group, String database) {}
