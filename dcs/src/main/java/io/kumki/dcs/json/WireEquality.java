package io.kumki.dcs.json;

import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * Whether two trees are the same content by the wire's rule: same structure, leaves equal as text
 * ({@code 1} equals {@code "1"}). A put of equal content is skipped.
 */
public final class WireEquality {

    private WireEquality() {}

    /** Compares nested maps, lists and leaves; the order of an object's fields doesn't matter. */
    public static boolean same(@Nullable Object a, @Nullable Object b) {
        if (a instanceof Map<?, ?> left && b instanceof Map<?, ?> right) {
            return left.size() == right.size()
                    && left.entrySet().stream()
                            .allMatch(entry ->
                                    right.containsKey(entry.getKey())
                                            && same(entry.getValue(), right.get(entry.getKey())));
        }
        if (a instanceof List<?> left && b instanceof List<?> right) {
            return left.size() == right.size()
                    && java.util.stream.IntStream.range(0, left.size())
                            .allMatch(index -> same(left.get(index), right.get(index)));
        }
        boolean leaves =
                !(a instanceof Map || b instanceof Map || a instanceof List || b instanceof List);
        return leaves
                && (a == null) == (b == null)
                && Objects.toString(a).equals(Objects.toString(b));
    }

    /** Compares two JSON texts by content; texts that aren't JSON only by themselves. */
    public static boolean sameText(String a, String b) {
        if (a.equals(b)) {
            return true;
        }
        try {
            return same(JsonText.parse(a), JsonText.parse(b));
        } catch (IllegalArgumentException notJson) {
            return false;
        }
    }
}
