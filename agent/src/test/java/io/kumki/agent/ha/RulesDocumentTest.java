package io.kumki.agent.ha;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import java.util.SortedMap;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.provider.Arguments;

/**
 * {@code docs/rules.md} is made by running the rows of {@link RulesTest}: when each rule decides,
 * what it says and does. After a change, {@code mvn -pl agent -am test -Dtest=RulesDocumentTest
 * -Dsurefire.failIfNoSpecifiedTests=false -Dkumki.write-rules=true} writes it anew.
 */
@Timeout(30)
class RulesDocumentTest {

    private static final Path HERE =
            Path.of("").toAbsolutePath().endsWith("agent") ? Path.of("") : Path.of("agent");
    private static final Path DOCUMENT = HERE.resolve("../docs/rules.md").normalize();
    private static final Path SOURCES = HERE.resolve("src/main/java/io/kumki/agent/ha");

    /** A rule's name is the only text of this form in the package. */
    private static final Pattern RULE = Pattern.compile("\"([a-z]+\\.[a-z]+(?:-[a-z]+)*)\"");

    /** These are put behind a rule's name when it runs. */
    private static final List<String> ENDINGS = List.of("", "-gives-up-lead", "-again");

    @Test
    void theDocumentIsWhatTheRulesDo() throws IOException {
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
    void everyRuleOfTheCodeHasARow() throws IOException {
        SortedMap<String, Shown> shown = shown();
        SortedSet<String> missing = new TreeSet<>(rulesInTheCode());
        missing.removeIf(rule -> ENDINGS.stream().anyMatch(end -> shown.containsKey(rule + end)));
        assertThat(missing)
                .as(
                        "rules without a row in RulesTest; EveryStateTest shows that nothing reaches the last resort")
                .containsExactly("wait.no-rule-applies");
    }

    /** One rule: the rows that lead to it, and its first decision. */
    private record Shown(List<String> rows, Decision first) {}

    private static SortedMap<String, Shown> shown() {
        SortedMap<String, Shown> shown = new TreeMap<>();
        RulesTest.all()
                .forEach(row -> {
                    Arguments.ArgumentSet set = (Arguments.ArgumentSet) row;
                    Decision decision =
                            Rules.decide(Objects.requireNonNull((Situations) set.get()[0]).get());
                    shown.computeIfAbsent(
                                    decision.rule(),
                                    _ -> new Shown(new java.util.ArrayList<>(), decision))
                            .rows()
                            .add(set.getName());
                });
        return shown;
    }

    private static String document() {
        StringBuilder text = new StringBuilder();
        text.append("# The rules\n\n")
                .append(
                        "Made by `RulesDocumentTest` from the rows of `RulesTest`, which show each rule; don't edit.\n")
                .append(
                        "The order in which rules are asked stands in `Rules.java`. After `AskMembers` the decision")
                .append(" is taken again with the answers.\n\n")
                .append(
                        "| rule | when (rows of `RulesTest`) | a reason it gives | does |\n|---|---|---|---|\n");
        shown().forEach((rule, shown) ->
                text.append("| `" + rule + "` | ")
                        .append(String.join("; ", shown.rows()))
                        .append(" | " + shown.first().reason().replace("|", "\\|"))
                        .append(" | " + effects(shown.first()) + " |\n"));
        return text.toString();
    }

    private static String effects(Decision decision) {
        List<String> names = decision.actions().stream().map(RulesDocumentTest::effect).toList();
        return names.isEmpty() ? "waits" : String.join(", ", names);
    }

    private static String effect(Action action) {
        return action instanceof Action.Start(Operation operation)
                ? "`Start(" + operation.getClass().getSimpleName() + ")`"
                : "`" + action.getClass().getSimpleName() + "`";
    }

    private static SortedSet<String> rulesInTheCode() throws IOException {
        SortedSet<String> rules = new TreeSet<>();
        try (Stream<Path> files = Files.list(SOURCES)) {
            for (Path file : files.filter(f -> f.toString().endsWith(".java")).toList()) {
                Matcher rule = RULE.matcher(Files.readString(file));
                while (rule.find()) {
                    rules.add(rule.group(1));
                }
            }
        }
        return rules;
    }
}
