package io.kumki.agent.config;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** The form of {@code log.format}: text, or for JSON a list of fields. */
final class LogFormat {

    static final Form FORM =
            new Form(
                    "a text, or a list of texts and one-entry mappings",
                    value -> value instanceof String || value instanceof List,
                    LogFormat::strictly);

    private LogFormat() {}

    private static Optional<String> strictly(@Nullable Object value) {
        if (value instanceof String) {
            return Optional.empty();
        }
        if (!(value instanceof List<?> list)) {
            return failed("Should be a string or a list");
        }
        if (list.isEmpty()) {
            return failed("should contain at least one item");
        }
        boolean fine =
                list.stream()
                        .allMatch(item ->
                                item instanceof String
                                        || item instanceof Map<?, ?> map
                                                && map.values().stream()
                                                        .allMatch(String.class::isInstance));
        return fine
                ? Optional.empty()
                : failed("each item should be a string or a dictionary with string values");
    }

    private static Optional<String> failed(String reason) {
        return Optional.of("didn't pass validation: " + reason);
    }
}
