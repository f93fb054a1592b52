package io.kumki.ctl.output;

/**
 * A column of a {@link Table}.
 *
 * @param key its name in tsv, json and yaml
 * @param header its name in the printed table; several columns may share one
 */
public record Column(String key, String header, Alignment alignment) {

    /** Which side of the column its cells stand on. */
    public enum Alignment {
        LEFT,
        RIGHT
    }

    public static Column left(String name) {
        return new Column(name, name, Alignment.LEFT);
    }

    public static Column right(String name) {
        return new Column(name, name, Alignment.RIGHT);
    }

    /** Right-aligned, with another name in the printed table. */
    public static Column right(String key, String header) {
        return new Column(key, header, Alignment.RIGHT);
    }
}
