package io.kumki.agent.config;

import java.nio.file.Path;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.SortedMap;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * The {@code log} section.
 *
 * @param json one JSON object a line instead of plain text
 * @param level upper case: {@code DEBUG INFO WARNING ERROR CRITICAL} and their synonyms
 * @param tracebackAtDebugOnly stack traces only at level DEBUG
 * @param format one text, or for JSON the list of fields; empty: the default
 * @param dateformat strftime; empty: the default
 * @param maxQueueSize records waiting for the writer
 * @param file empty: standard error
 * @param loggers logger name to level
 */
public record LogSettings(
        boolean json,
        String level,
        boolean tracebackAtDebugOnly,
        List<Object> format,
        Optional<String> dateformat,
        Map<String, @Nullable Object> staticFields,
        int maxQueueSize,
        Optional<File> file,
        SortedMap<String, String> loggers,
        boolean deduplicateHeartbeatLogs) {

    public LogSettings {
        format = List.copyOf(format);
        staticFields = Collections.unmodifiableMap(new LinkedHashMap<>(staticFields));
        loggers = Collections.unmodifiableSortedMap(new TreeMap<>(loggers));
    }

    /**
     * @param dir must exist
     * @param mode permission bits; empty: 0666 less the umask
     * @param rotated old files kept
     * @param maxBytes a larger file is rotated
     */
    public record File(Path dir, OptionalInt mode, int rotated, long maxBytes) {}
}
