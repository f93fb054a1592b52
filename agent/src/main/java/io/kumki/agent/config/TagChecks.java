package io.kumki.agent.config;

import io.kumki.dcs.cluster.LenientValues;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Tags that don't say what they seem to say. A node runs with them, as its peers do, and they count
 * as the wire contract has it: any text is true, {@code "false"} too.
 */
final class TagChecks {

    private static final List<String> FLAGS =
            List.of("nofailover", "nosync", "clonefrom", "noloadbalance");

    private TagChecks() {}

    /** One sentence each, with what the value counts as and what to write. */
    static List<String> warnings(Section tags) {
        List<String> warnings = new ArrayList<>();
        for (String flag : FLAGS) {
            if (tags.get(flag) instanceof String text) {
                warnings.add(
                        counts(flag, text, text.isEmpty() ? "false" : "true, as any text does")
                                + "write true or false, without quotes");
            }
        }
        @Nullable Object nostream = tags.get("nostream");
        if (nostream != null && LenientValues.bool(nostream).isEmpty()) {
            warnings.add(counts("nostream", nostream, "false") + "write true or false");
        }
        for (String priority : List.of("failover_priority", "sync_priority")) {
            if (tags.has(priority) && tags.integer(priority).isEmpty()) {
                warnings.add(
                        counts(priority, tags.get(priority), "1")
                                + "write a whole number; 0 excludes the member");
            }
        }
        return warnings;
    }

    private static String counts(String tag, @Nullable Object value, String as) {
        return "tags." + tag + " = " + value + " counts as " + as + "; ";
    }
}
