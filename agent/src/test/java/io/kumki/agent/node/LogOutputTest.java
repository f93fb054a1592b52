package io.kumki.agent.node;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.logging.Level;
import java.util.logging.LogRecord;
import org.junit.jupiter.api.Test;

class LogOutputTest {

    private static final String FORGED =
            "x\r\n2026-11-21 05:00:00,123 ERROR: forged \u001b[2J\u0085\u2028 done";

    @Test
    void nothingThatIsQuotedLooksLikeARecordOfItsOwn() {
        String line = new LogOutput.Line().format(new LogRecord(Level.INFO, FORGED));
        assertThat(line)
                .contains(
                        "x\\u000d\n    2026-11-21 05:00:00,123 ERROR: forged \\u001b[2J\\u0085\\u2028"
                                + " done\n");
        assertThat(line.lines().filter(one -> !one.startsWith("    "))).hasSize(1);
    }

    @Test
    void neitherDoesTheMessageOfAnException() {
        LogRecord record = new LogRecord(Level.SEVERE, "request failed");
        record.setThrown(new IllegalStateException(FORGED));
        String text = new LogOutput.Line().format(record);
        assertThat(text).contains("LogOutputTest").endsWith("\n");
        assertThat(text.lines().filter(one -> !one.startsWith("    "))).hasSize(1);
    }

    @Test
    void umlautsAndOtherScriptsStayReadable() {
        assertThat(new LogOutput.Line().format(new LogRecord(Level.INFO, "grün\t日本 𝄞")))
                .endsWith(" INFO: grün\t日本 𝄞\n");
    }
}
