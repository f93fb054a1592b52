package io.kumki.agent.postgres;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.SortedSet;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * The lines of {@code pg_hba.conf} that are left while clients are held off: nobody but the
 * cluster's own roles gets in, each as before and from where it could before, and standbys.
 *
 * <p>A line for {@code all} or for several roles becomes one for those of ours among them. Lines
 * that only reject, and those for physical replication, stay as they are. What can't be narrowed
 * (roles by membership, by regular expression, from a file; included files) is left out: that lets
 * nobody in who couldn't get in by a line of his own.
 */
final class HeldOffAccess {

    private static final Set<String> TYPES =
            Set.of("local", "host", "hostssl", "hostnossl", "hostgssenc", "hostnogssenc");

    private HeldOffAccess() {}

    /** The parts of a record that say who and what; the rest says from where and how. */
    private record Line(String type, List<String> databases, List<String> roles, String rest) {}

    /**
     * @param lines of the file as it is for everybody
     * @param ours the cluster's own roles
     */
    static List<String> of(List<String> lines, SortedSet<String> ours) {
        List<String> left = new ArrayList<>();
        for (String whole : joined(lines)) {
            String text = withoutComment(whole).strip();
            Line line = text.isEmpty() ? null : parse(text);
            if (line == null) {
                continue;
            }
            if (words(line.rest()).contains("reject")) {
                left.add(text);
                continue;
            }
            if (line.databases().contains("replication")) {
                left.add(written(line, List.of("replication"), line.roles()));
            }
            List<String> databases = without(line.databases(), "replication"::equals);
            List<String> roles =
                    ours.stream()
                            .filter(role -> line.roles().stream().anyMatch(t -> names(t, role)))
                            .map(HeldOffAccess::quoted)
                            .toList();
            if (!databases.isEmpty() && !roles.isEmpty()) {
                left.add(written(line, databases, roles));
            }
        }
        return left;
    }

    private static boolean names(String token, String role) {
        return token.equals("all") || token.equals(role) || token.equals(quoted(role));
    }

    private static String written(Line line, List<String> databases, List<String> roles) {
        return String.join(
                " ",
                line.type(),
                String.join(",", databases),
                String.join(",", roles),
                line.rest());
    }

    private static List<String> without(List<String> tokens, Predicate<String> which) {
        return tokens.stream().filter(which.negate()).toList();
    }

    private static List<String> words(String rest) {
        return List.of(rest.split("\\s+"));
    }

    /** In quotes a word like {@code all} is a name. */
    private static String quoted(String role) {
        return "\"" + role.replace("\"", "\"\"") + "\"";
    }

    /** From version 14 on a backslash at its end continues a line. */
    private static List<String> joined(List<String> lines) {
        List<String> whole = new ArrayList<>();
        StringBuilder open = new StringBuilder();
        for (String line : lines) {
            if (line.endsWith("\\")) {
                open.append(line, 0, line.length() - 1);
            } else {
                whole.add(open.append(line).toString());
                open.setLength(0);
            }
        }
        if (!open.isEmpty()) {
            whole.add(open.toString());
        }
        return whole;
    }

    private static String withoutComment(String line) {
        boolean quoted = false;
        for (int i = 0; i < line.length(); i++) {
            char c = line.charAt(i);
            quoted ^= c == '"';
            if (c == '#' && !quoted) {
                return line.substring(0, i);
            }
        }
        return line;
    }

    private static @Nullable Line parse(String text) {
        Cursor cursor = new Cursor(text);
        String type = String.join(",", cursor.list());
        List<String> databases = cursor.list();
        List<String> roles = cursor.list();
        String rest = cursor.rest();
        return TYPES.contains(type.toLowerCase(Locale.ROOT)) && !roles.isEmpty() && !rest.isEmpty()
                ? new Line(type, databases, roles, rest)
                : null;
    }

    /** Reads fields: lists of tokens with commas between, blanks allowed after a comma. */
    private static final class Cursor {
        private final String text;
        private int at;

        Cursor(String text) {
            this.text = text;
        }

        List<String> list() {
            List<String> tokens = new ArrayList<>();
            boolean more = true;
            while (more) {
                blanks();
                String token = token();
                if (!token.isEmpty()) {
                    tokens.add(token);
                }
                more = at < text.length() && text.charAt(at) == ',';
                at += more ? 1 : 0;
            }
            return tokens;
        }

        private void blanks() {
            while (at < text.length() && Character.isWhitespace(text.charAt(at))) {
                at++;
            }
        }

        /** As written, with its quotes. */
        private String token() {
            int from = at;
            boolean quoted = false;
            while (at < text.length()) {
                char c = text.charAt(at);
                if (!quoted && (c == ',' || Character.isWhitespace(c))) {
                    break;
                }
                quoted ^= c == '"';
                at++;
            }
            return text.substring(from, at);
        }

        String rest() {
            return text.substring(at).strip();
        }
    }
}
