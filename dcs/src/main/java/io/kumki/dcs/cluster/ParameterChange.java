package io.kumki.dcs.cluster;

/**
 * A PostgreSQL parameter that takes its new value only with a restart; both values as people read
 * them.
 */
public record ParameterChange(String oldValue, String newValue) {}
