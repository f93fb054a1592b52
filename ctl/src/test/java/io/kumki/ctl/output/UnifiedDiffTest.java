package io.kumki.ctl.output;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class UnifiedDiffTest {

    private static String numbers(int count) {
        return IntStream.rangeClosed(1, count)
                .mapToObj(i -> i + "\n")
                .collect(Collectors.joining());
    }

    @Test
    void equal_texts_have_no_difference() {
        assertThat(UnifiedDiff.lines("a\nb\n", "a\nb\n")).isEmpty();
    }

    @Test
    void three_lines_of_context_stand_around_a_change() {
        assertThat(UnifiedDiff.lines(numbers(9), numbers(9).replace("5", "five")))
                .containsExactly(
                        "--- ",
                        "+++ ",
                        "@@ -2,7 +2,7 @@",
                        " 2",
                        " 3",
                        " 4",
                        "-5",
                        "+five",
                        " 6",
                        " 7",
                        " 8");
    }

    @Test
    void changes_close_together_share_a_hunk_and_distant_ones_do_not() {
        String before = numbers(30);
        assertThat(
                        UnifiedDiff.lines(
                                before,
                                before.replace("\n3\n", "\nx\n").replace("\n10\n", "\ny\n")))
                .filteredOn(line -> line.startsWith("@@"))
                .containsExactly("@@ -1,13 +1,13 @@");
        assertThat(
                        UnifiedDiff.lines(
                                before,
                                before.replace("\n3\n", "\nx\n").replace("\n11\n", "\ny\n")))
                .filteredOn(line -> line.startsWith("@@"))
                .containsExactly("@@ -1,6 +1,6 @@", "@@ -8,7 +8,7 @@");
    }

    @Test
    void single_lines_and_empty_sides_have_short_ranges() {
        assertThat(UnifiedDiff.lines("a\n", "b\n"))
                .containsExactly("--- ", "+++ ", "@@ -1 +1 @@", "-a", "+b");
        assertThat(UnifiedDiff.lines("", "b\n"))
                .containsExactly("--- ", "+++ ", "@@ -0,0 +1 @@", "+b");
    }
}
