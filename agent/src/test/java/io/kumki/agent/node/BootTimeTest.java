package io.kumki.agent.node;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(10)
class BootTimeTest {

    /** proc(5): the first number of {@code /proc/uptime} is the boot time in seconds. */
    @Test
    void agreesWithTheKernelsUptime() throws IOException {
        long before = BootTime.nanos();
        String line = Files.readString(Path.of("/proc/uptime"));
        long after = BootTime.nanos();
        String uptime = line.substring(0, line.indexOf(" "));
        long seen = Duration.parse("PT" + uptime + "S").toNanos();
        long resolution = Duration.ofMillis(10).toNanos();
        assertThat(seen).isBetween(before - resolution, after + resolution);
    }
}
