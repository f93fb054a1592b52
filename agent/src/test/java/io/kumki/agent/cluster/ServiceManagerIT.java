package io.kumki.agent.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import io.kumki.agent.linux.NotifySocket;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Signals, and what a service manager such as systemd is told. */
class ServiceManagerIT {

    private static final Duration LIMIT = Duration.ofSeconds(40);

    @TempDir Path directory;

    @Test
    @Timeout(60)
    void socketsWithAPathAndWithAnAbstractNameAreReached() throws Exception {
        for (String name :
                List.of(directory.resolve("notify").toString(), "@kumki-" + UUID.randomUUID())) {
            Path output = directory.resolve("output" + name.length());
            try (NotifyReceiver receiver = new NotifyReceiver(name, output)) {
                NotifySocket.of(Map.of("NOTIFY_SOCKET", name)).orElseThrow().send("STATUS=a\nB=ü");
                Await.until(
                        "the datagram on " + name,
                        LIMIT,
                        () -> receiver.received().contains("STATUS=a|B=ü"),
                        () -> receiver.received().toString());
            }
        }
    }

    @Test
    @Timeout(240)
    void oneLifeOfAnAgentAsSystemdSeesIt() throws Exception {
        String socket = directory.resolve("notify").toString();
        try (TestCluster cluster = TestCluster.prepare(2, TestCluster.Settings.USUAL);
                NotifyReceiver manager = new NotifyReceiver(socket, directory.resolve("output"))) {
            TestNode node = cluster.nodes.getFirst();
            node.environment(Map.of("NOTIFY_SOCKET", socket, "WATCHDOG_USEC", "1000000"));
            node.start();
            await(manager, "READY=1|STATUS=");
            await(manager, "STATUS=primary, running");
            cluster.awaitLeader(LIMIT);
            await(manager, "WATCHDOG=1");
            assertThat(manager.received().stream().filter(line -> line.contains("READY=1")))
                    .hasSize(1);
            assertThat(environment(node.postmaster().orElseThrow()))
                    .doesNotContain("NOTIFY_SOCKET", "WATCHDOG_USEC");
            Await.until("the lease guard", LIMIT, () -> node.guard().isPresent(), node::logTail);
            assertThat(environment(node.guard().orElseThrow())).doesNotContain("NOTIFY_SOCKET");

            // a change by file and SIGHUP: told in order, and in force
            Files.writeString(node.config(), cluster.yaml(node) + "tags: {nosync: true}\n");
            TestNode.signal("HUP", node.agentPid());
            await(manager, "RELOADING=1|MONOTONIC_USEC=");
            awaitReloads(manager, 1);
            List<String> told = manager.received();
            String reloading =
                    told.stream().filter(l -> l.startsWith("RELOADING")).findFirst().orElseThrow();
            assertThat(told.indexOf("READY=1")).isGreaterThan(told.indexOf(reloading));
            assertThat(Long.parseLong(reloading.replaceAll(".*MONOTONIC_USEC=", "")))
                    .isBetween(1L, System.nanoTime() / 1000);
            Await.until(
                    "the tag",
                    LIMIT,
                    () -> node.json("/patroni").path("tags").path("nosync").asBoolean(),
                    node::logTail);

            // a mistake in the file: the reload ends all the same, with the old configuration
            Files.writeString(node.config(), "scope: [");
            TestNode.signal("HUP", node.agentPid());
            awaitReloads(manager, 2);
            assertThat(node.leads()).as("%s", node.logTail()).isTrue();

            // SIGTERM hands over to the other member; a second one changes nothing
            TestNode other = cluster.nodes.getLast();
            other.start();
            cluster.awaitHealthy();
            TestNode.signal("TERM", node.agentPid());
            await(manager, "STOPPING=1|");
            TestNode.signal("TERM", node.agentPid());
            assertThat(node.stop()).as("exit code\n%s", node.logTail()).isZero();
            assertThat(node.postmaster()).isEmpty();
            assertThat(cluster.awaitLeader(LIMIT)).isSameAs(other);
            assertThat(node.logText()).contains("SIGTERM: handing over");
        }
    }

    private static void awaitReloads(NotifyReceiver manager, int count) {
        Await.until(
                count + " reloads",
                LIMIT,
                () -> manager.received().stream().filter("READY=1"::equals).count() == count,
                () -> manager.received().toString());
    }

    private static void await(NotifyReceiver manager, String begin) {
        Await.until(
                "a message " + begin,
                LIMIT,
                () -> manager.received().stream().anyMatch(line -> line.startsWith(begin)),
                () -> manager.received().toString());
    }

    private static String environment(long pid) throws IOException {
        return Files.readString(Path.of("/proc/" + pid + "/environ")).replace('\0', '\n');
    }
}
