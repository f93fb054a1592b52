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
