package io.kumki.dcs.fuzz;

import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Random;

/** Seeded damage to texts that come from outside: the same seed gives the same text. */
public final class Mutations {

    /** No text grows beyond this. */
    private static final int LONGEST = 60_000;

    private static final List<String> PIECES =
            List.of(
                    "",
                    " ",
                    "\n",
                    "\t",
                    "\r\n",
                    "\0",
                    "'",
                    "\"",
                    "\\",
                    "\\u0000",
                    "/",
                    "//",
                    "../",
                    ",",
                    ":",
                    "=",
                    "#",
                    "%s",
                    "{",
                    "}",
                    "[",
                    "]",
                    "{}",
                    "[]",
                    "null",
                    "true",
                    "-1",
                    "0",
                    "1e999",
                    "1e-999",
                    "1e999999999",
                    "1e-999999999",
                    "NaN",
                    "1.2.3",
                    "2147483648",
                    "9223372036854775807",
                    "9223372036854775808",
                    "99999999999999999999999999",
                    "FFFFFFFF/FFFFFFFF",
                    "0/0",
                    "G/0",
                    "é",
                    "\\ud800",
                    "\u202e",
                    "\u2028",
                    "😀",
                    "$(touch x)",
                    "';DROP TABLE t;--");

    private Mutations() {}

    /** The text after one to six accidents. */
    public static String of(String text, Random random) {
        StringBuilder damaged = new StringBuilder(text);
        for (int i = random.nextInt(6); i >= 0; i--) {
            damage(damaged, random);
        }
        // half a character can't come from outside: texts are UTF-8 there
        return new String(
                damaged.toString().getBytes(StandardCharsets.UTF_8), StandardCharsets.UTF_8);
    }

    private static void damage(StringBuilder text, Random random) {
        int from = random.nextInt(text.length() + 1);
        int to = from + random.nextInt(Math.min(40, text.length() - from) + 1);
        switch (random.nextInt(8)) {
            case 0 -> text.delete(from, to);
            case 1 -> text.setLength(from);
            case 2 -> text.insert(from, text.substring(from, to));
            case 3 -> replaceNumber(text, from, random);
            case 4 -> repeat(text, from, to, random);
            case 5 -> text.replace(from, to, piece(random));
            default -> text.insert(from, piece(random));
        }
    }

    private static void repeat(StringBuilder text, int from, int to, Random random) {
        int times = 1 << random.nextInt(13);
        String part = text.substring(from, to);
        if (text.length() + (long) part.length() * times < LONGEST) {
            text.insert(from, part.repeat(times));
        }
    }

    private static void replaceNumber(StringBuilder text, int from, Random random) {
        int begin = from;
        while (begin < text.length() && !Character.isDigit(text.charAt(begin))) {
            begin++;
        }
        int end = begin;
        while (end < text.length() && Character.isDigit(text.charAt(end))) {
            end++;
        }
        text.replace(begin, end, piece(random));
    }

    private static String piece(Random random) {
        return PIECES.get(random.nextInt(PIECES.size()));
    }
}
