package io.kumki.agent.postgres;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class ShellWordsTest {

    @Test
    void splitsAsAShellDoes() {
        assertThat(ShellWords.split("  /bin/x  -a 'b  c' \"d \\\" e\"f g\\ h '' "))
                .containsExactly("/bin/x", "-a", "b  c", "d \" ef", "g h", "");
    }

    @Test
    void keepsABackslashInQuotesUnlessItProtects() {
        assertThat(ShellWords.split("'a\\b' \"c\\d\" \"e\\\\f\""))
                .containsExactly("a\\b", "c\\d", "e\\f");
    }
}
