package io.kumki.dcs.cluster;

import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A position in the write-ahead log: an offset in bytes from the start of the log.
 *
 * <p>Comparable only within one timeline history. Positions are far below 2^63 in practice, so a
 * signed {@code long} holds them.
 *
 * @param bytes offset in bytes, 0 or more
 */
public record Lsn(long bytes) implements Comparable<Lsn> {

    /** The start of the log; PostgreSQL calls it the invalid position. */
    public static final Lsn ZERO = new Lsn(0);

    private static final Pattern TEXT = Pattern.compile("([0-9A-Fa-f]{1,8})/([0-9A-Fa-f]{1,8})");

    public Lsn {
        if (bytes < 0) {
            throw new IllegalArgumentException("LSN must not be negative: " + bytes);
        }
    }

    /**
     * Parses PostgreSQL's text form of an LSN, such as {@code 16/B374D848}.
     *
     * @param text two unsigned 32-bit hexadecimal numbers with a slash between them
     * @throws IllegalArgumentException if {@code text} has another form; the message quotes it
     */
    public static Lsn parse(String text) {
        Matcher matcher = TEXT.matcher(text);
        if (!matcher.matches()) {
            throw new IllegalArgumentException("not an LSN (expected HEX/HEX): \"" + text + "\"");
        }
        long high = Long.parseLong(matcher.group(1), 16);
        long low = Long.parseLong(matcher.group(2), 16);
        return new Lsn((high << 32) | low);
    }

    /** Bytes by which this position is beyond {@code other}; negative if it is before it. */
    public long bytesBeyond(Lsn other) {
        return bytes - other.bytes;
    }

    /** Whether this is the invalid position, which PostgreSQL never writes to. */
    public boolean isZero() {
        return bytes == 0;
    }

    public Lsn max(Lsn other) {
        return compareTo(other) >= 0 ? this : other;
    }

    @Override
    public int compareTo(Lsn other) {
        return Long.compare(bytes, other.bytes);
    }

    /** PostgreSQL's text form: upper-case hexadecimal without padding. */
    @Override
    public String toString() {
        return Long.toHexString(bytes >>> 32).toUpperCase(java.util.Locale.ROOT)
                + "/"
                + Long.toHexString(bytes & 0xFFFF_FFFFL).toUpperCase(java.util.Locale.ROOT);
    }
}
