package io.kumki.restapi;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** {@code docs/rest.md} shows each call with curl, and what it answers. */
@Timeout(60)
class RestDocumentTest {

    private static final Pattern CURL =
            Pattern.compile("\\$ curl (?<options>.*)'?https?://[^/ ]+/(?<segment>[a-z.]+)");

    private static final Pattern METHOD = Pattern.compile("-X ([A-Z]+)");

    @Test
    void eachCallIsShownWithItsAnswer() throws IOException {
        List<String> lines = Files.readAllLines(Path.of("..", "docs", "rest.md"));
        Set<String> shown = new TreeSet<>();
        for (int i = 0; i + 1 < lines.size(); i++) {
            Matcher call = CURL.matcher(lines.get(i));
            if (call.find()) {
                Matcher method = METHOD.matcher(call.group("options"));
                shown.add((method.find() ? method.group(1) : "GET") + " " + call.group("segment"));
                assertThat(lines.get(i + 1))
                        .as("the answer to: %s", lines.get(i))
                        .isNotBlank()
                        .doesNotStartWith("$ ")
                        .doesNotStartWith("```");
            }
        }
        Set<String> calls = new TreeSet<>(OpenApiTest.registered());
        calls.addAll(List.of("GET ui", "GET primary", "GET replica"));
        assertThat(shown).containsAll(calls);
    }
}
