package io.kumki.agent.config;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Reads the {@code bootstrap} section. */
final class BootstrapReader {

    private static final List<String> REFUSED =
            List.of("pgdata", "nosync", "pwfile", "sync-only", "version");

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
        return new BootstrapConfig(
                root.has("bootstrap"),
                dcs(root, section),
                method,
                initdbOptions(section.get("initdb"), warnings),
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

    /** Text is a switch, an entry of a mapping an option with a value. */
    private static List<String> initdbOptions(@Nullable Object value, List<String> warnings) {
        List<String> options = new ArrayList<>();
        List<?> items =
                switch (value) {
                    case List<?> list -> list;
                    case Map<?, ?> map -> List.of(map);
                    case null, default -> List.of();
                };
        for (Object item : items) {
            if (item instanceof Map<?, ?> map) {
                map.forEach((name, setting) ->
                        add(options, String.valueOf(name), "=" + setting(setting), warnings));
            } else {
                String text = Section.scalar(item);
                if (text != null) {
                    add(options, text, "", warnings);
                }
            }
        }
        return options;
    }

    private static String setting(@Nullable Object setting) {
        String text = setting instanceof Boolean flag ? flag.toString() : Section.scalar(setting);
        return text == null ? "" : text;
    }

    private static void add(
            List<String> options, String name, String setting, List<String> warnings) {
        String bare = name.replaceFirst("^--", "");
        if (REFUSED.contains(bare.replaceFirst("=.*", ""))) {
            warnings.add(
                    "bootstrap.initdb: the option "
                            + bare
                            + " is not allowed and ignored; it is set for you or makes no sense");
        } else {
            options.add("--" + bare + setting);
        }
    }
}
