package io.kumki.agent.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.net.http.HttpResponse;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Tags are read again while agent and server run. */
@Timeout(120)
class TagsIT {

    private static final Duration LIMIT = Duration.ofSeconds(30);

    private TestCluster cluster;

    @Test
    void changeBySignalAndByRequest() throws Exception {
        cluster = TestCluster.start(2, new TestCluster.Settings(20, 1, 3, "", ""));
        try (TestCluster _ = cluster) {
            TestNode leader = cluster.leader().orElseThrow();
            TestNode standby = cluster.others(leader).getFirst();
            String started = standby.query("SELECT pg_postmaster_start_time()");
            assertThat(standby.status("/replica")).isEqualTo(200);

            standby.writeConfig(
                    cluster.yaml(standby)
                            + "tags:\n  nofailover: true\n  noloadbalance: true\n  zone: here\n");
            TestNode.signal("HUP", standby.agentPid());

            Await.until(
                    "the tags in the member key",
                    LIMIT,
                    () -> tags(leader, standby).path("nofailover").asBoolean(),
                    cluster::describe);
            assertThat(tags(leader, standby).path("zone").asText()).isEqualTo("here");
            assertThat(standby.status("/replica")).as("noloadbalance").isEqualTo(503);
            assertThat(standby.json("/patroni").path("tags").path("noloadbalance").asBoolean())
                    .isTrue();
            assertThat(switchover(leader, standby).statusCode()).isEqualTo(412);
            assertThat(cluster.leader()).contains(leader);

            standby.writeConfig(cluster.yaml(standby));
            assertThat(standby.send("POST", "/reload", "").orElseThrow().statusCode())
                    .isEqualTo(202);

            Await.until(
                    "the tags to be gone",
                    LIMIT,
                    () -> tags(leader, standby).isMissingNode(),
                    cluster::describe);
            assertThat(standby.status("/replica")).isEqualTo(200);
            assertThat(standby.query("SELECT pg_postmaster_start_time()")).isEqualTo(started);
            assertThat(switchover(leader, standby).body())
                    .isEqualTo("Successfully switched over to \"" + standby.name + "\"");
        }
    }

    private static HttpResponse<String> switchover(TestNode from, TestNode to) {
        return from.send(
                        "POST",
                        "/switchover",
                        "{\"leader\":\"%s\",\"candidate\":\"%s\"}".formatted(from.name, to.name))
                .orElseThrow();
    }

    private static JsonNode tags(TestNode asked, TestNode node) {
        for (JsonNode member : asked.json("/cluster").path("members")) {
            if (member.path("name").asText().equals(node.name)) {
                return member.path("tags");
            }
        }
        throw new AssertionError(node.name + " is no member");
    }
}
