package io.kumki.agent.config;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Reads the {@code bootstrap} section. */
final class BootstrapReader {

    private BootstrapReader() {}

    static BootstrapConfig read(Section root, List<String> warnings) {
        Section section = root.section("bootstrap");
        if (section.has("users")) {
            warnings.add(
                    "bootstrap.users is not supported any more and ignored; create the users in"
                            + " bootstrap.post_bootstrap");
        }
        String wanted = section.text("method").orElse("initdb");
        boolean custom = !wanted.equals("initdb") && section.section(wanted).has("command");
        if (!wanted.equals("initdb") && !custom) {
            warnings.add(
                    "bootstrap.method = "
                            + wanted
                            + ": there is no section bootstrap."
                            + wanted
                            + " with a command; initdb is used");
        }
        String method = custom ? wanted : "initdb";
        InitdbOptions initdb = InitdbOptions.read(section.get("initdb"));
        if (!custom) {
            initdb.problems().forEach(problem -> warnings.add(problem + "; no cluster is created"));
        }
        return new BootstrapConfig(
                root.has("bootstrap"),
                dcs(root, section),
                method,
                initdb.arguments(),
                initdb.problems(),
                custom ? withoutNulls(section.section(method).values()) : Map.of(),
                section.text("post_bootstrap").or(() -> section.text("post_init")),
                section.texts("pg_hba"));
    }

    private static Map<String, Object> dcs(Section root, Section section) {
        Map<String, Object> dcs = withoutNulls(section.section("dcs").values());
        if (root.section("citus").has("database")) {
            dcs.putIfAbsent("synchronous_mode", "quorum");
        }
        return dcs;
    }

    private static Map<String, Object> withoutNulls(Map<String, @Nullable Object> values) {
        Map<String, Object> copy = new LinkedHashMap<>();
        values.forEach((key, value) -> {
            if (value != null) {
                copy.put(key, value);
            }
        });
        return copy;
    }
}
