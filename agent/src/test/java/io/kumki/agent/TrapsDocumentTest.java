package io.kumki.agent;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.regex.MatchResult;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** {@code docs/dev/traps.md} names a test for each trap, and each of them exists. */
@Timeout(30)
class TrapsDocumentTest {

    private static final Path ROOT =
            Path.of("").toAbsolutePath().endsWith("agent") ? Path.of("..") : Path.of("");

    private static final Pattern LINE = Pattern.compile("(?m)^\\| ([A-I][0-9]+) \\|.*$");
    private static final Pattern TEST = Pattern.compile("`([A-Za-z]+)#([A-Za-z_0-9]+)`");
    private static final Pattern ROW = Pattern.compile("`(\"[^`]+\")`");

    private static final Map<String, Integer> TRAPS =
            new TreeMap<>(Map.of("A", 12, "B", 11, "C", 9, "D", 6, "E", 11, "F", 3, "G", 9));

    @Test
    void everyTrapNamesTestsThatExist() throws IOException {
        String document = Files.readString(ROOT.resolve("docs/dev/traps.md"));
        SortedMap<String, String> sources = tests();
        List<String> seen = new ArrayList<>();
        List<String> missing = new ArrayList<>();
        for (MatchResult line : LINE.matcher(document).results().toList()) {
            seen.add(line.group(1));
            List<String> classes = new ArrayList<>(List.of("RulesTest"));
            int named = 0;
            Matcher test = TEST.matcher(line.group());
            while (test.find()) {
                named++;
                classes.add(test.group(1));
                String method = "void " + test.group(2) + "(";
                if (!sources.getOrDefault(test.group(1), "").contains(method)) {
                    missing.add(line.group(1) + ": " + test.group());
                }
            }
            Matcher row = ROW.matcher(line.group());
            while (row.find()) {
                named++;
                String text = row.group(1);
                if (classes.stream()
                        .noneMatch(name -> sources.getOrDefault(name, "").contains(text))) {
                    missing.add(line.group(1) + ": " + row.group());
                }
            }
            if (named == 0) {
                missing.add(line.group(1) + ": names nothing");
            }
        }
        assertThat(missing).isEmpty();
        assertThat(seen).containsExactlyElementsOf(expected());
    }

    private static List<String> expected() {
        List<String> all = new ArrayList<>();
        TRAPS.forEach((group, count) ->
                IntStream.rangeClosed(1, count).forEach(number -> all.add(group + number)));
        all.add("I2");
        return all;
    }

    /** The text of each test class of all modules, by its simple name. */
    private static SortedMap<String, String> tests() throws IOException {
        SortedMap<String, String> tests = new TreeMap<>();
        for (String module : List.of("agent", "dcs", "restapi", "ctl")) {
            try (Stream<Path> files = Files.walk(ROOT.resolve(module).resolve("src/test/java"))) {
                for (Path file : files.filter(one -> one.toString().endsWith(".java")).toList()) {
                    String name = file.getFileName().toString().replace(".java", "");
                    tests.merge(name, Files.readString(file), String::concat);
                }
            }
        }
        return tests;
    }
}
