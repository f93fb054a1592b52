package io.kumki.agent.postgres;

import java.util.OptionalLong;

/**
 * How far a clone has come.
 *
 * @param source where it comes from; {@code none} for a method without a source
 * @param bytes what lies in the data directory and its tablespaces now
 * @param totalBytes what the source has; empty if it doesn't tell us
 * @param seconds since the method began
 */
public record CloneProgress(
        String method, String source, long bytes, OptionalLong totalBytes, long seconds) {}
