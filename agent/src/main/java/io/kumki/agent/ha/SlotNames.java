package io.kumki.agent.ha;

import io.kumki.dcs.cluster.MemberName;
import java.util.Locale;

/** The replication slot of a member, named after it. */
public final class SlotNames {

    /** PostgreSQL's limit for names, less the terminating zero. */
    private static final int MAX_LENGTH = 63;

    private SlotNames() {}

    /**
     * Lower case; dash and dot become an underscore, any other character outside {@code a-z0-9_}
     * becomes {@code u} and its code point in at least four decimal digits; cut to 63 characters.
     */
    public static String of(MemberName member) {
        StringBuilder name = new StringBuilder();
        member.value()
                .toLowerCase(Locale.ROOT)
                .codePoints()
                .forEach(point -> {
                    if (point >= 'a' && point <= 'z'
                            || point >= '0' && point <= '9'
                            || point == '_') {
                        name.appendCodePoint(point);
                    } else if (point == '-' || point == '.') {
                        name.append('_');
                    } else {
                        name.append(String.format(Locale.ROOT, "u%04d", point));
                    }
                });
        return name.length() > MAX_LENGTH ? name.substring(0, MAX_LENGTH) : name.toString();
    }
}
