package io.kumki.agent.ha;

import io.kumki.dcs.cluster.MemberName;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.List;
import java.util.Locale;
import java.util.SortedSet;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/**
 * What {@code synchronous_standby_names} demands: a commit waits until {@code count} of {@code
 * names} have confirmed it.
 *
 * @param kind how it is written
 * @param count not more than there are names; 0 if nobody's confirmation is demanded by name
 * @param names compared ignoring case, as PostgreSQL does
 * @param anybody {@code *}: somebody must confirm, whoever it is. Nothing can be built on that, so
 *     then there are no names and the count is 0
 */
record SyncDemand(Kind kind, int count, SortedSet<String> names, boolean anybody) {

    /** Which standbys count. */
    enum Kind {
        /** The first in the list that are connected. */
        FIRST,
        /** Any of the list. */
        ANY
    }

    static final SyncDemand NOBODY = new SyncDemand(Kind.FIRST, 0, none(), false);

    private static final Pattern LIST =
            Pattern.compile("(?is)(?:(FIRST|ANY)\\s+)?(\\d{1,6})\\s*\\((.*)\\)");
    private static final Pattern ENTRY =
            Pattern.compile(
                    "\\s*(\"((?:[^\"]|\"\")+)\"|[A-Za-z_\\x80-\\uffff][\\w$\\x80-\\uffff]*|\\d+|\\*)\\s*");
    private static final Pattern PLAIN = Pattern.compile("[A-Za-z_][A-Za-z_0-9$]*");

    SyncDemand {
        SortedSet<String> own = none();
        own.addAll(names);
        names = Collections.unmodifiableSortedSet(own);
        count = Math.min(count, names.size());
    }

    private static SortedSet<String> none() {
        return new TreeSet<>(String.CASE_INSENSITIVE_ORDER);
    }

    /** {@code count} of these must confirm. */
    static SyncDemand of(Kind kind, int count, Collection<String> names) {
        SortedSet<String> all = none();
        all.addAll(names);
        return new SyncDemand(kind, count, all, false);
    }

    /** Somebody must confirm; nothing is known of who. */
    static SyncDemand somebody(Kind kind) {
        return new SyncDemand(kind, 0, none(), true);
    }

    boolean names(MemberName name) {
        return names.contains(name.value());
    }

    /** Whether commits wait for anybody at all. */
    boolean active() {
        return anybody || count > 0;
    }

    /** The value of the parameter. */
    String text() {
        if (!active()) {
            return "";
        }
        List<String> parts =
                anybody ? List.of("*") : names.stream().map(SyncDemand::quoted).toList();
        String list = String.join(",", parts);
        return switch (kind) {
            case ANY -> "ANY " + Math.max(1, count) + " (" + list + ")";
            case FIRST -> parts.size() == 1 ? list : count + " (" + list + ")";
        };
    }

    private static String quoted(String name) {
        boolean keyword = name.equalsIgnoreCase("first") || name.equalsIgnoreCase("any");
        return PLAIN.matcher(name).matches() && !keyword
                ? name
                : "\"" + name.replace("\"", "\"\"") + "\"";
    }

    /** Reads a value that PostgreSQL has accepted; what can't be read demands nobody. */
    static SyncDemand parse(String value) {
        String text = value.strip();
        Matcher list = LIST.matcher(text);
        if (list.matches()) {
            Kind kind =
                    list.group(1) != null && list.group(1).toUpperCase(Locale.ROOT).equals("ANY")
                            ? Kind.ANY
                            : Kind.FIRST;
            return read(kind, Integer.parseInt(list.group(2)), list.group(3));
        }
        return read(Kind.FIRST, 1, text);
    }

    private static SyncDemand read(Kind kind, int count, String entries) {
        SortedSet<String> names = none();
        Matcher entry = ENTRY.matcher(entries);
        int at = 0;
        while (at < entries.length()) {
            entry.region(at, entries.length());
            if (!entry.lookingAt()) {
                return NOBODY;
            }
            String quoted = entry.group(2);
            String name = quoted == null ? entry.group(1) : quoted.replace("\"\"", "\"");
            if (name.equals("*")) { // PostgreSQL takes it so with quotes too
                return somebody(kind);
            }
            names.add(name);
            at = entry.end();
            if (at < entries.length() && entries.charAt(at) != ',') {
                return NOBODY;
            }
            if (at == entries.length() - 1) {
                return NOBODY; // nothing after a comma
            }
            at++;
        }
        return names.isEmpty() || count == 0 ? NOBODY : of(kind, count, names);
    }

    @Override
    public String toString() {
        return active() ? text() : names.stream().collect(Collectors.joining(",", "nobody", ""));
    }

    static List<String> texts(Collection<MemberName> names) {
        List<String> texts = new ArrayList<>();
        names.forEach(name -> texts.add(name.value()));
        return texts;
    }
}
