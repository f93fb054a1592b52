package io.kumki.agent.postgres.parameters;

import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** What the server has against a parameter. */
public sealed interface Complaint {

    /** The parameter, in lower case. */
    String name();

    /** The server's words. */
    String said();

    /** Unknown, of the wrong type, or not to be set: it can only be left out. */
    record Refused(String name, String said) implements Complaint {}

    /**
     * A number outside its range.
     *
     * @param nearest the end of the range that is nearer, in the parameter's base unit
     */
    record OutOfRange(String name, String said, String nearest) implements Complaint {}

    /** Lines that tell of other things than values end in these. */
    Pattern MESSAGE = Pattern.compile("(?:LOG|FATAL|ERROR|WARNING):\\s+(.*)");

    /** Where in the file that was made for the question: of no interest, and always another. */
    Pattern PLACE = Pattern.compile(" in file \"[^\"]*\" line \\d+");

    Pattern NAMED = Pattern.compile("parameter (?:name )?\"([^\"]+)\"");

    /** {@code 1 kB is outside the valid range for parameter "x" (64 kB .. 2147483647 kB)}. */
    Pattern RANGE =
            Pattern.compile(
                    "(\\S+)(?: \\S+)? is outside the valid range for parameter \"([^\"]+)\""
                            + " \\((\\S+)(?: \\S+)? \\.\\. (\\S+?)(?: \\S+)?\\).*");

    /** The complaints in what {@code postgres} wrote in English, in its order, one a parameter. */
    static List<Complaint> in(String output) {
        List<Complaint> complaints = new ArrayList<>();
        for (String line : output.split("\n", -1)) {
            Matcher message = MESSAGE.matcher(line);
            if (message.find()) {
                add(complaints, PLACE.matcher(message.group(1)).replaceAll("").strip());
            }
        }
        return complaints;
    }

    private static void add(List<Complaint> complaints, String said) {
        Matcher range = RANGE.matcher(said);
        Matcher named = NAMED.matcher(said);
        Complaint complaint;
        if (range.matches()) {
            String name = range.group(2).toLowerCase(Locale.ROOT);
            complaint =
                    new OutOfRange(
                            name, said, nearest(range.group(1), range.group(3), range.group(4)));
        } else if (named.find()) {
            complaint = new Refused(named.group(1).toLowerCase(Locale.ROOT), said);
        } else {
            return;
        }
        if (complaints.stream().noneMatch(known -> known.name().equals(complaint.name()))) {
            complaints.add(complaint);
        }
    }

    private static String nearest(String value, String least, String most) {
        return number(value).compareTo(number(least)) < 0 ? least : most;
    }

    private static BigDecimal number(String text) {
        return text.matches("[-+]?(\\d+\\.?\\d*|\\.\\d+)(e[-+]?\\d{1,3})?")
                ? new BigDecimal(text)
                : BigDecimal.ZERO;
    }
}
