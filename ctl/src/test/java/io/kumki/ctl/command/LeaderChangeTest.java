package io.kumki.ctl.command;

import static org.assertj.core.api.Assertions.assertThat;

import io.kumki.ctl.CommandLineUnderTest;
import io.kumki.ctl.CommandLineUnderTest.Result;
import io.kumki.ctl.FakeApi;
import io.kumki.ctl.FakeStore;
import io.kumki.ctl.Views;
import io.kumki.dcs.cluster.FailoverRequest;
import io.kumki.dcs.cluster.MemberName;
import java.io.IOException;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class LeaderChangeTest {

    private static final String DONE = "Successfully switched over to \"postgresql1\"";

    private final FakeStore store = new FakeStore();
    private final FakeApi api = new FakeApi();
    private final CommandLineUnderTest kumkictl = new CommandLineUnderTest((_, _, _, _) -> store);

    LeaderChangeTest() throws IOException {}

    @BeforeEach
    void aClusterOfTwo() {
        store.set(Views.batman().api(api.url()).build());
    }

    @AfterEach
    void stop() {
        api.close();
    }

    /** What was printed after the table. */
    private static String tail(Result result) {
        return result.out().substring(result.out().lastIndexOf("--+\n") + 4);
    }

    @Test
    void prompts_come_in_their_order_and_the_leader_is_asked() {
        api.answers("POST /switchover", 200, DONE);
        Result result = kumkictl.typing("", "postgresql1", "", "y").run("switchover");
        assertThat(result.out())
                .startsWith("Current cluster topology\n+ Cluster: batman")
                .contains(
                        "--+\nPrimary [postgresql0]: Candidate ['postgresql1'] []: When should the"
                                + " switchover take place (e.g. 2026-11-21T06:28 )  [now]: Are you"
                                + " sure you want to switchover cluster batman, demoting current"
                                + " leader postgresql0? [y/N]: 2026-11-21 05:28:05.17345 "
                                + DONE
                                + "\n+ Cluster: batman");
        assertThat(result.exitCode()).isZero();
        assertThat(api.requests())
                .containsExactly(
                        "POST /switchover {\"candidate\": \"postgresql1\", \"leader\":"
                                + " \"postgresql0\"}");
        assertThat(api.asked().getFirst().contentType()).isFalse();
    }

    @Test
    void force_asks_nothing_and_names_no_candidate() {
        api.answers("POST /switchover", 200, DONE);
        assertThat(kumkictl.run("switchover", "batman", "--force").exitCode()).isZero();
        assertThat(api.requests())
                .containsExactly(
                        "POST /switchover {\"candidate\": null, \"leader\": \"postgresql0\"}");
    }

    @Test
    void a_scheduled_switchover_is_sent_with_its_offset() {
        api.answers("POST /switchover", 202, "Switchover scheduled");
        Result result =
                kumkictl.typing("y")
                        .run(
                                "switchover",
                                "--leader",
                                "postgresql0",
                                "--candidate",
                                "postgresql1",
                                "--scheduled",
                                "2030-01-01T10:00");
        assertThat(result.out())
                .contains(
                        "Are you sure you want to schedule switchover of cluster batman at"
                                + " 2030-01-01T10:00:00+00:00, demoting current leader postgresql0?"
                                + " [y/N]: 2026-11-21 05:28:05.17345 Switchover scheduled\n");
        assertThat(api.requests())
                .containsExactly(
                        "POST /switchover {\"candidate\": \"postgresql1\", \"leader\":"
                                + " \"postgresql0\", \"scheduled_at\":"
                                + " \"2030-01-01T10:00:00+00:00\"}");
    }

    @Test
    void a_refusal_is_told_and_still_ends_with_0() {
        api.answers("POST /switchover", 412, "no good candidates");
        Result result = kumkictl.run("switchover", "--force");
        assertThat(tail(result)).isEqualTo("Switchover failed, details: 412, no good candidates\n");
        assertThat(result.exitCode()).isZero();
    }

    @Test
    void an_old_member_gets_the_request_as_a_failover() {
        api.answers("POST /switchover", 501, "<p>Server does not support this operation</p>")
                .answers("POST /failover", 200, DONE);
        assertThat(kumkictl.run("switchover", "--force").out()).contains(DONE);
        assertThat(api.requests())
                .containsExactly(
                        "POST /switchover {\"candidate\": null, \"leader\": \"postgresql0\"}",
                        "POST /failover {\"candidate\": null, \"leader\": \"postgresql0\"}");
    }

    @Test
    void without_an_answer_the_request_goes_to_the_store() {
        store.set(Views.batman().build()); // nobody listens at port 1
        Result result = kumkictl.run("switchover", "--force", "--candidate", "postgresql1");
        assertThat(result.exitCode()).isZero();
        assertThat(result.out())
                .contains(
                        "--+\n2026-11-21 05:28:05.17345 Could not switchover using Patroni api,"
                                + " falling back to DCS\n+ Cluster: batman");
        assertThat(store.view().failover())
                .isEqualTo(
                        new FailoverRequest(
                                Optional.of(new MemberName("postgresql0")),
                                Optional.of(new MemberName("postgresql1")),
                                Optional.empty(),
                                0));
    }

    @Test
    void wrong_names_and_times_are_errors() {
        assertThat(kumkictl.run("switchover", "--force", "--leader", "x").err())
                .isEqualTo("Error: Member x is not the leader of cluster batman\n");
        assertThat(kumkictl.run("switchover", "--force", "--candidate", "postgresql0").err())
                .isEqualTo("Error: Member postgresql0 is already the leader of cluster batman\n");
        assertThat(kumkictl.run("switchover", "--force", "--candidate", "x").err())
                .isEqualTo(
                        "Error: Member x does not exist in cluster batman or is tagged as"
                                + " nofailover\n");
        Result time = kumkictl.run("switchover", "--force", "--scheduled", "blah");
        assertThat(time.err())
                .isEqualTo(
                        "Error: Unable to parse scheduled timestamp (blah). It should be in an"
                                + " unambiguous format (e.g. ISO 8601)\n");
        assertThat(time.exitCode()).isEqualTo(1);
        assertThat(api.requests()).isEmpty();
    }

    @Test
    void no_means_no() {
        assertThat(kumkictl.typing("", "", "", "n").run("switchover").err())
                .isEqualTo("Error: Aborting switchover\n");
        assertThat(kumkictl.typing("", "", "2030-01-01T10:00", "").run("switchover").err())
                .isEqualTo("Error: Aborting scheduled switchover\n");
        assertThat(kumkictl.typing("postgresql1", "no").run("failover").err())
                .isEqualTo("Error: Aborting failover\n");
        Result end = kumkictl.typing("", "").run("switchover");
        assertThat(end.err()).isEqualTo("Aborted!\n");
        assertThat(end.exitCode()).isEqualTo(1);
        assertThat(api.requests()).isEmpty();
    }

    @Test
    void a_cluster_without_leader_or_candidates_or_in_pause_is_told() {
        store.set(Views.batman().noLeader().build());
        assertThat(kumkictl.run("switchover").err())
                .isEqualTo("Error: This cluster has no leader\n");
        store.set(Views.batman().tags("postgresql1", Map.of("failover_priority", 0)).build());
        assertThat(kumkictl.run("switchover", "--force").err())
                .isEqualTo("Error: No candidates found to switchover to\n");
        assertThat(kumkictl.run("failover", "--force").err())
                .isEqualTo("Error: No candidates found to failover to\n");
        store.set(Views.batman().config(Map.of("pause", true)).build());
        assertThat(kumkictl.run("switchover", "--force", "--scheduled", "2030-01-01").err())
                .isEqualTo("Error: Can't schedule switchover in the paused state\n");
    }

    @Test
    void the_prompt_knows_standby_clusters() {
        store.set(
                Views.batman()
                        .config(Map.of("standby_cluster", Map.of("host", "10.0.0.1")))
                        .build());
        assertThat(kumkictl.run("switchover").out()).endsWith("Standby Leader [postgresql0]: ");
    }

    @Test
    void a_failover_needs_a_candidate_and_goes_to_it_without_a_leader() {
        api.answers("POST /failover", 200, "Successfully failed over to \"postgresql1\"");
        assertThat(kumkictl.run("failover", "--force").err())
                .isEqualTo("Error: Failover could be performed only to a specific candidate\n");
        store.set(Views.batman().api(api.url()).noLeader().build());
        Result result = kumkictl.typing("y").run("failover", "--candidate", "postgresql1");
        assertThat(result.out())
                .contains("Are you sure you want to failover cluster batman? [y/N]: ")
                .contains("Successfully failed over to \"postgresql1\"");
        assertThat(api.requests())
                .containsExactly("POST /failover {\"candidate\": \"postgresql1\"}");
    }

    @Test
    void a_failover_to_an_asynchronous_member_is_asked_for_twice() {
        store.set(
                Views.batman()
                        .standby("postgresql2", 5434)
                        .config(Map.of("synchronous_mode", true))
                        .sync("postgresql0", "postgresql1")
                        .api(api.url())
                        .build());
        Result refused = kumkictl.typing("n").run("failover", "--candidate", "postgresql2");
        assertThat(refused.out())
                .endsWith(
                        "Are you sure you want to failover to the asynchronous node postgresql2?"
                                + " [y/N]: ");
        assertThat(refused.err()).isEqualTo("Error: Aborting failover\n");
        assertThat(kumkictl.typing("n").run("failover", "--candidate", "postgresql1").out())
                .doesNotContain("asynchronous");
    }

    @Test
    void a_citus_cluster_needs_a_group() {
        kumkictl.env("PATRONI_CITUS_GROUP", "0").env("PATRONI_CITUS_DATABASE", "citus");
        assertThat(kumkictl.run("switchover", "--force").err())
                .isEqualTo("Error: For Citus clusters the --group must me specified\n");
        assertThat(kumkictl.typing("x", "1").run("switchover").out())
                .contains(
                        "Citus group: Error: 'x' is not a valid integer.\nCitus group: Primary [");
    }
}
