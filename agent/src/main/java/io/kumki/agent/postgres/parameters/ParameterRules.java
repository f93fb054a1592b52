package io.kumki.agent.postgres.parameters;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.regex.Pattern;

/** Makes parameters fit a server: what it can't take is clamped or left out, never fatal. */
public final class ParameterRules {

    private static final Pattern NAME =
            Pattern.compile("[A-Za-z_][A-Za-z0-9_$]*(\\.[A-Za-z_][A-Za-z0-9_$]*)*");

    /**
     * Parameters that fit, and what was changed.
     *
     * @param warnings one sentence for each parameter that was changed or left out
     */
    public record Adapted(SortedMap<String, String> parameters, List<String> warnings) {
        public Adapted {
            parameters = Collections.unmodifiableSortedMap(new TreeMap<>(parameters));
            warnings = List.copyOf(warnings);
        }
    }

    private ParameterRules() {}

    /** Leaves out names that would be a syntax error in {@code postgresql.conf}. */
    public static Adapted writable(SortedMap<String, String> parameters) {
        SortedMap<String, String> kept = new TreeMap<>();
        List<String> warnings = new ArrayList<>();
        parameters.forEach((name, value) -> {
            if (NAME.matcher(name).matches()) {
                kept.put(name, value);
            } else {
                warnings.add(
                        "postgresql parameter \""
                                + name
                                + "\" is left out: that can't be the name of a parameter");
            }
        });
        return new Adapted(kept, warnings);
    }

    /**
     * Leaves out values that are each right, but together keep the server from starting: {@code
     * postgres -C} ends before it compares them.
     */
    public static Adapted together(SortedMap<String, String> parameters) {
        SortedMap<String, String> kept = new TreeMap<>(parameters);
        List<String> warnings = new ArrayList<>();
        long connections = number(kept, "max_connections", 100);
        for (String name : List.of("reserved_connections", "superuser_reserved_connections")) {
            long reserved =
                    number(kept, "superuser_reserved_connections", 3)
                            + number(kept, "reserved_connections", 0);
            if (reserved >= connections && kept.containsKey(name)) {
                warnings.add(
                        "postgresql parameter "
                                + name
                                + " = "
                                + kept.remove(name)
                                + " is left out: superuser_reserved_connections plus"
                                + " reserved_connections must be less than max_connections ("
                                + connections
                                + ")");
            }
        }
        return new Adapted(kept, warnings);
    }

    private static long number(SortedMap<String, String> parameters, String name, long fallback) {
        String text = parameters.getOrDefault(name, "");
        return text.matches("\\d{1,9}") ? Long.parseLong(text) : fallback;
    }

    /**
     * Answers the server's complaints; a complaint about a parameter that isn't there is ignored.
     */
    public static Adapted answer(SortedMap<String, String> parameters, List<Complaint> complaints) {
        SortedMap<String, String> kept = new TreeMap<>(parameters);
        List<String> warnings = new ArrayList<>();
        for (Complaint complaint : complaints) {
            String name = complaint.name();
            String old = parameters.get(name);
            if (old == null) {
                continue;
            }
            String shown = "postgresql parameter " + name + " = " + old;
            switch (complaint) {
                case Complaint.OutOfRange(_, String said, String nearest)
                        when !nearest.equals(old) -> {
                    kept.put(name, nearest);
                    warnings.add(shown + " becomes " + nearest + ": " + said);
                }
                case Complaint.OutOfRange(_, String said, _) -> {
                    kept.remove(name);
                    warnings.add(shown + " is left out: " + said);
                }
                case Complaint.Refused(_, String said) -> {
                    kept.remove(name);
                    warnings.add(shown + " is left out: " + said);
                }
            }
        }
        return new Adapted(kept, warnings);
    }
}
