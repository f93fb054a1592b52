package io.kumki.agent.postgres.parameters;

import static org.assertj.core.api.Assertions.assertThat;

import io.kumki.dcs.fuzz.Mutations;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Whatever {@code postgres} says about a parameter, it is found out which one, or nothing. */
class ComplaintFuzzTest {

    private static final String OUTPUT =
            """
            2026-11-21 10:00:00 UTC [1] FATAL:  1 kB is outside the valid range for parameter "work_mem" (64 kB .. 2147483647 kB)
            2026-11-21 10:00:00 UTC [1] LOG:  invalid value for parameter "wal_level": "x" in file "/a/b.conf" line 7
            2026-11-21 10:00:00 UTC [1] LOG:  0.5 is outside the valid range for parameter "seq_page_cost" (1 .. 1.79769e+308)
            """;

    @Test
    @Timeout(60)
    void aComplaintNamesItsParameter() {
        assertThat(Complaint.in(OUTPUT)).hasSize(3);
        for (int seed = 0; seed < 5_000; seed++) {
            String damaged = Mutations.of(OUTPUT, new Random(seed));
            try {
                assertThat(Complaint.in(damaged)).allSatisfy(c -> assertThat(c.name()).isNotNull());
            } catch (RuntimeException | StackOverflowError | OutOfMemoryError e) {
                throw new AssertionError("seed " + seed, e);
            }
        }
    }
}
