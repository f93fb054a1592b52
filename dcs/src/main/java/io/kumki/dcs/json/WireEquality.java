package io.kumki.dcs.json;

/**
 * Whether two stored texts are the same content by the wire's rule ({@link ConfigPatch#same}): a
 * put of equal content is skipped.
 */
public final class WireEquality {

    private WireEquality() {}

    /** Compares two JSON texts by content; texts that aren't JSON only by themselves. */
    public static boolean sameText(String a, String b) {
        if (a.equals(b)) {
            return true;
        }
        try {
            return ConfigPatch.same(JsonText.parse(a), JsonText.parse(b));
        } catch (IllegalArgumentException notJson) {
            return false;
        }
    }
}
