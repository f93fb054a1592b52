package io.kumki.agent.config;

import static org.assertj.core.api.Assertions.assertThat;

import io.kumki.agent.config.EnvironmentConfig.Conversion;
import io.kumki.agent.config.EnvironmentVariables.Target;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SortedSet;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

/**
 * {@code docs/container.md} names every variable and every port. Its table of variables is made
 * from {@link EnvironmentVariables}: {@code mvn -pl agent -am test -Dtest=ContainerDocumentTest
 * -Dsurefire.failIfNoSpecifiedTests=false -Dkumki.write-variables=true} writes it anew.
 */
class ContainerDocumentTest {

    private static final Path TOP =
            Path.of("").toAbsolutePath().endsWith("agent") ? Path.of("..") : Path.of("");
    private static final Path DOCUMENT = TOP.resolve("docs/container.md").normalize();
    private static final String BEGIN = "<!-- variables: made by ContainerDocumentTest -->\n";
    private static final String END = "<!-- end of variables -->\n";

    @Test
    void theTableOfVariablesIsThatOfTheCode() throws IOException {
        String document = Files.readString(DOCUMENT);
        int begin = document.indexOf(BEGIN) + BEGIN.length();
        int end = document.indexOf(END);
        assertThat(end).as("place of the table").isGreaterThanOrEqualTo(begin);
        if (Boolean.getBoolean("kumki.write-variables")) {
            document = document.substring(0, begin) + table() + document.substring(end);
            Files.writeString(DOCUMENT, document);
            end = document.indexOf(END);
        }
        assertThat(document.substring(begin, end))
                .as("%s is old: write it anew with -Dkumki.write-variables=true", DOCUMENT)
                .isEqualTo(table());
    }

    @Test
    void everyVariableOfTheImagesOwnScriptsIsNamed() throws IOException {
        assertThat(Files.readString(DOCUMENT))
                .contains(
                        List.of(
                                "`KUMKI_NAME`",
                                "`KUMKI_RESTAPI_CONNECT_ADDRESS`",
                                "`KUMKI_POSTGRESQL_CONNECT_ADDRESS`",
                                "`POSTGRES_PASSWORD`",
                                "`POSTGRES_PASSWORD_FILE`"))
                .contains(
                        found("packaging/bin/kumki", "\\b(KUMKI_[A-Z_]+)").stream()
                                .map(name -> "`" + name + "`")
                                .toList())
                .contains(
                        found("Dockerfile", "(?m)^ARG ([A-Z_]+)").stream()
                                .map(name -> "`" + name + "`")
                                .toList());
    }

    @Test
    void everyPortAndEveryVariableOfTheComposeFilesIsNamed() throws IOException {
        String exposed =
                String.join(" ", found("Dockerfile", "(?m)^EXPOSE (.*)$")).replace(" ", " and ");
        assertThat(exposed).isEqualTo("5432 and 8008");
        assertThat(Files.readString(DOCUMENT)).contains("| ports | 5432 PostgreSQL, 8008 REST |");
        String readme = Files.readString(TOP.resolve("compose/README.md"));
        for (String file : new String[] {"compose/ha.yml", "compose/single.yml"}) {
            assertThat(readme)
                    .contains(
                            found(file, "\\$\\{(\\w+):-").stream()
                                    .map(name -> "`" + name + "`")
                                    .toList());
        }
    }

    private static SortedSet<String> found(String file, String pattern) throws IOException {
        SortedSet<String> found = new TreeSet<>();
        Matcher matcher = Pattern.compile(pattern).matcher(Files.readString(TOP.resolve(file)));
        while (matcher.find()) {
            found.add(matcher.group(1));
        }
        assertThat(found).as("in " + file).isNotEmpty();
        return found;
    }

    /** One line for those that go to the same section in the same form. */
    private static String table() {
        Map<String, String> lines = new LinkedHashMap<>();
        EnvironmentVariables.FIXED.forEach((name, target) ->
                lines.merge(
                        section(target) + " | " + form(target.conversion()),
                        shown(name, target),
                        (a, b) -> a + " " + b));
        String stores =
                EnvironmentVariables.STORE_SUFFIXES.keySet().stream()
                        .map(suffix -> "`" + suffix + "`")
                        .collect(Collectors.joining(" "));
        StringBuilder text = new StringBuilder();
        text.append("| section | form | variables, without `KUMKI_` |\n|---|---|---|\n");
        text.append("| the whole configuration, if there is no file | YAML | `CONFIGURATION` |\n");
        lines.forEach((place, names) -> text.append("| " + place + " | " + names + " |\n"));
        text.append("| `etcd3` | text | `ETCD3_USERNAME` `ETCD3_PASSWORD` |\n");
        text.append("| `STORE`, such as `etcd3` | as the key needs | `STORE_` and one of ")
                .append(stores)
                .append(" |\n");
        return text.toString();
    }

    private static String section(Target target) {
        int dot = target.path().lastIndexOf('.');
        return dot < 0 ? "top" : "`" + target.path().substring(0, dot) + "`";
    }

    /** With its key where that isn't the end of the name. */
    private static String shown(String name, Target target) {
        String key = target.path().substring(target.path().lastIndexOf('.') + 1);
        return name.toLowerCase(java.util.Locale.ROOT).endsWith(key)
                ? "`" + name + "`"
                : "`" + name + "` (`" + key + "`)";
    }

    private static String form(Conversion conversion) {
        return switch (conversion) {
            case TEXT -> "text";
            case INTEGER -> "integer";
            case BOOLEAN -> "boolean";
            case LIST -> "list: `a, b`";
            case MAPPING -> "mapping: `a: b, c: d`";
            case LOG_FORMAT -> "text with `%(name)s`, or a list of names";
        };
    }
}
