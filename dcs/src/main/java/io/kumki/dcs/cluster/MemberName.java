package io.kumki.dcs.cluster;

/**
 * The name of a member of a cluster, unique within it and used verbatim in its key.
 *
 * @param value not blank, without a slash (a slash would make another key path)
 */
public record MemberName(String value) implements Comparable<MemberName> {

    public MemberName {
        if (value.isBlank() || value.indexOf('/') >= 0) {
            throw new IllegalArgumentException(
                    "member name \"" + value + "\" must not be blank nor contain a slash");
        }
    }

    @Override
    public int compareTo(MemberName other) {
        return value.compareTo(other.value);
    }

    @Override
    public String toString() {
        return value;
    }
}
