package io.kumki.dcs.json;

import io.kumki.dcs.cluster.MemberName;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;

/** {@code failsafe} (contract {@code dcs.md} 4.7). */
public final class FailsafeJson {

    private FailsafeJson() {}

    /** Member name to REST address, sorted by name. */
    public static String write(SortedMap<MemberName, String> members) {
        Map<String, String> fields = new LinkedHashMap<>();
        members.forEach((name, apiUrl) -> fields.put(name.value(), apiUrl));
        return JsonText.write(fields);
    }

    /** Reads the map; empty if there is none. */
    public static Parsed<Optional<SortedMap<MemberName, String>>> read(String text) {
        try {
            if (!(JsonText.parse(text) instanceof Map<?, ?> object)) {
                return Parsed.poor(Optional.empty(), "not a JSON object: " + Fields.quoted(text));
            }
            Fields fields = new Fields(object, new ArrayList<>());
            SortedMap<MemberName, String> members = new TreeMap<>();
            for (Object key : object.keySet()) {
                String name = String.valueOf(key);
                if (name.isBlank() || name.indexOf('/') >= 0) {
                    fields.problems().add("not a member name: " + Fields.quoted(name));
                } else {
                    fields.text(name).ifPresent(url -> members.put(new MemberName(name), url));
                }
            }
            return new Parsed<>(Optional.of(members), fields.problems());
        } catch (IllegalArgumentException notJson) {
            return Parsed.poor(Optional.empty(), notJson.getMessage() + ": " + Fields.quoted(text));
        }
    }
}
