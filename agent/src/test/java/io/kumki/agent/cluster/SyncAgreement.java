package io.kumki.agent.cluster;

import com.fasterxml.jackson.databind.JsonNode;
import java.time.Duration;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;

/** What the sync key says and what the leader's server demands name the same standbys. */
final class SyncAgreement {

    private static final Duration LIMIT = Duration.ofSeconds(30);

    private SyncAgreement() {}

    /** Once there is a leader they do, and name so many. */
    static void await(TestCluster cluster, int standbys) {
        Await.until(
                "key and server to name the same " + standbys,
                LIMIT,
                () -> {
                    TestNode leader = cluster.leader().orElseThrow();
                    Set<String> key = inKey(leader);
                    return key.size() == standbys && key.equals(demanded(leader));
                },
                cluster::describe);
    }

    private static Set<String> inKey(TestNode leader) {
        Set<String> names = new TreeSet<>();
        for (JsonNode member : leader.json("/cluster").path("members")) {
            String role = member.path("role").asText();
            if (role.equals("sync_standby") || role.equals("quorum_standby")) {
                names.add(member.path("name").asText());
            }
        }
        return names;
    }

    private static Set<String> demanded(TestNode leader) throws Exception {
        String setting = leader.query("SHOW synchronous_standby_names");
        Set<String> names = new TreeSet<>();
        Stream.of(setting.replaceAll("^(ANY )?\\d+ \\(|[)\"]", "").split(",", -1))
                .map(String::strip)
                .filter(name -> !name.isEmpty())
                .forEach(names::add);
        return names;
    }
}
