package io.kumki.agent.ha;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * {@code docs/rules.md} is made from the code: every rule, its reason, what it does, the test that
 * shows it. After a change of the rules, {@code mvn -pl agent -am test -Dtest=RulesDocumentTest
 * -Dsurefire.failIfNoSpecifiedTests=false -Dkumki.write-rules=true} writes it anew.
 */
@Timeout(30)
class RulesDocumentTest {

    private static final Path HERE =
            Path.of("").toAbsolutePath().endsWith("agent") ? Path.of("") : Path.of("agent");
    private static final Path DOCUMENT = HERE.resolve("../docs/rules.md").normalize();
    private static final String PACKAGE = "java/io/kumki/agent/ha";

    private static final Pattern RULE = Pattern.compile("\"([a-z]+\\.[a-z]+(?:-[a-z]+)*)\"");
    private static final Pattern TEXT = Pattern.compile("\"((?:[^\"\\\\]|\\\\.)*)\"");
    private static final Pattern EFFECT =
            Pattern.compile("new (?:Action|Operation)\\.([A-Z][A-Za-z]+)");

    /** What the rules' small helpers do, by their names. */
    private static final Map<String, String> HELPERS =
            new TreeMap<>(
                    Map.of(
                            "ask", "AskMembers",
                            "take", "AcquireLeadership",
                            "fence", "Fence",
                            "clear", "ClearRequest",
                            "refuse", "RefuseCommand",
                            "exit", "Exit",
                            "keyless", "ReleaseLeadership, if it leads"));

    private static final Pattern HELPER =
            Pattern.compile("\\b(" + String.join("|", HELPERS.keySet()) + ")\\(\\s*s,\\s*$");

    private record Entry(String reason, String effects) {}

    @Test
    void theDocumentHoldsEveryRuleOfTheCode() throws IOException {
        String made = document();
        if (Boolean.getBoolean("kumki.write-rules")) {
            Files.createDirectories(DOCUMENT.toAbsolutePath().getParent());
            Files.writeString(DOCUMENT, made);
        }
        assertThat(Files.readString(DOCUMENT))
                .as("docs/rules.md is old: write it anew with -Dkumki.write-rules=true")
                .isEqualTo(made);
    }

    @Test
    void everyRuleIsShownByATest() throws IOException {
        TreeSet<String> untested = new TreeSet<>();
        String tests = tests().toString();
        for (String rule : rules().keySet()) {
            if (!shows(tests, rule)) {
                untested.add(rule);
            }
        }
        assertThat(untested).containsExactly("wait.no-rule-applies");
    }

    private static String document() throws IOException {
        StringBuilder text = new StringBuilder();
        text.append("# The rules\n\n")
                .append(
                        "Made from the code by `RulesDocumentTest`; don't edit. The order in which rules are asked")
                .append(
                        " stands in `Rules.java`.\nA reason is a pattern: `…` stands for what is known in the turn.")
                .append(
                        " `AskMembers` means that the decision is taken again with the answers.\n\n")
                .append("| rule | when (reason) | does | shown by |\n|---|---|---|---|\n");
        SortedMap<String, String> tests = tests();
        rules().forEach((rule, entries) -> {
            TreeSet<String> reasons = new TreeSet<>();
            TreeSet<String> effects = new TreeSet<>();
            entries.forEach(entry -> {
                reasons.add(entry.reason());
                effects.add(entry.effects());
            });
            text.append("| `" + rule + "` | ")
                    .append(String.join("; or: ", reasons).replace("|", "\\|"))
                    .append(" | " + String.join(" or ", effects))
                    .append(" | " + shownBy(tests, rule) + " |\n");
        });
        return text.toString();
    }

    private static String shownBy(SortedMap<String, String> tests, String rule) {
        List<String> found = new ArrayList<>();
        tests.forEach((name, source) -> {
            if (shows(source, rule)) {
                found.add("`" + name + "`");
            }
        });
        return found.isEmpty()
                ? "no state reaches it (`EveryStateTest`)"
                : String.join(", ", found);
    }

    /** Two endings are put behind a rule's name when it runs. */
    private static boolean shows(String test, String rule) {
        return Stream.of("", "-gives-up-lead", "-again")
                .anyMatch(ending -> test.contains('"' + rule + ending + '"'));
    }

    private static SortedMap<String, List<Entry>> rules() throws IOException {
        SortedMap<String, List<Entry>> rules = new TreeMap<>();
        sources("src/main")
                .forEach((_, source) -> {
                    Matcher rule = RULE.matcher(source);
                    while (rule.find()) {
                        int end = source.indexOf(";\n", rule.end());
                        String rest = source.substring(rule.end(), end);
                        rules.computeIfAbsent(rule.group(1), _ -> new ArrayList<>())
                                .add(
                                        new Entry(
                                                reason(rest),
                                                effects(source.substring(0, rule.start()), rest)));
                    }
                });
        return rules;
    }

    private static String reason(String statement) {
        int end = statement.indexOf("s.memory()");
        String expression = end < 0 ? statement : statement.substring(0, end);
        List<String> parts = new ArrayList<>();
        Matcher text = TEXT.matcher(expression);
        while (text.find()) {
            parts.add(text.group(1).strip().replace("\\\"", "\""));
        }
        return parts.isEmpty() ? "…" : String.join(" … ", parts);
    }

    private static String effects(String before, String statement) {
        List<String> names = new ArrayList<>();
        Matcher helper = HELPER.matcher(before);
        if (helper.find()) {
            names.add("`" + HELPERS.get(helper.group(1)) + "`");
        }
        Matcher effect = EFFECT.matcher(statement);
        while (effect.find()) {
            names.add("`" + effect.group(1) + "`");
        }
        return names.isEmpty() ? "waits" : String.join(" ", names);
    }

    private static SortedMap<String, String> tests() throws IOException {
        SortedMap<String, String> tests = sources("src/test");
        tests.keySet().removeIf(name -> !name.endsWith("Test") || name.equals("RulesDocumentTest"));
        tests.remove("EveryStateTest");
        return tests;
    }

    private static SortedMap<String, String> sources(String root) throws IOException {
        SortedMap<String, String> sources = new TreeMap<>();
        try (Stream<Path> files = Files.list(HERE.resolve(root).resolve(PACKAGE))) {
            for (Path file : files.filter(f -> f.toString().endsWith(".java")).toList()) {
                String name = file.getFileName().toString().replace(".java", "");
                sources.put(name, Files.readString(file));
            }
        }
        return sources;
    }
}
