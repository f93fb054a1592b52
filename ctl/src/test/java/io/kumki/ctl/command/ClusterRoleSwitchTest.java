package io.kumki.ctl.command;

import static org.assertj.core.api.Assertions.assertThat;

import io.kumki.ctl.CommandLineUnderTest;
import io.kumki.ctl.CommandLineUnderTest.Result;
import io.kumki.ctl.FakeApi;
import io.kumki.ctl.FakeStore;
import io.kumki.ctl.Views;
import io.kumki.dcs.cluster.Member;
import java.io.IOException;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** {@code demote-cluster} and {@code promote-cluster}. */
@Timeout(30)
class ClusterRoleSwitchTest {

    private static final String AT = "2026-11-21 05:28:05 ";

    private final FakeStore store = new FakeStore();
    private final FakeApi api = new FakeApi();
    private final CommandLineUnderTest kumkictl = new CommandLineUnderTest((_, _, _, _) -> store);

    ClusterRoleSwitchTest() throws IOException {}

    @BeforeEach
    void aClusterOfTwo() {
        store.set(cluster().build());
        api.answers("PATCH /config", 200, "{}");
    }

    @AfterEach
    void stop() {
        api.close();
    }

    private Views cluster() {
        return Views.batman().api(api.url());
    }

    private static Member.Status status(String role, String state) {
        return Member.Status.of(state, role, "4.1.4");
    }

    private Views standbyCluster() {
        return cluster().status("postgresql0", status("standby_leader", "running"));
    }

    @Test
    void a_demotion_waits_for_the_standby_leader() {
        Views stopping = cluster().status("postgresql0", status("primary", "stopping"));
        Views unlocked = cluster().noLeader();
        store.beforeEachRead(view ->
                switch (kumkictl.pauses().size()) {
                    case 0 -> api.requests().isEmpty() ? view : stopping.build();
                    case 1 -> unlocked.build();
                    default -> standbyCluster().build();
                });

        Result result =
                kumkictl.run(
                        "demote-cluster",
                        "--force",
                        "--host",
                        "10.0.0.9",
                        "--port",
                        "5433",
                        "--primary-slot-name",
                        "site_b");

        assertThat(result.err()).isEmpty();
        assertThat(result.exitCode()).isZero();
        assertThat(api.requests())
                .containsExactly(
                        "PATCH /config {\"standby_cluster\": {\"host\": \"10.0.0.9\", \"port\": 5433,"
                                + " \"primary_slot_name\": \"site_b\"}}");
        assertThat(result.out())
                .startsWith("Current cluster topology\n+ Cluster: batman")
                .contains(
                        AT
                                + "cluster is unlocked: False, leader role: primary, leader state: stopping\n"
                                + AT
                                + "cluster is unlocked: True, leader role: None, leader state: None\n"
                                + AT
                                + "cluster is successfully demoted\n+ Cluster: batman");
    }

    @Test
    void a_demotion_waits_for_the_former_leader_too() {
        Views other =
                cluster()
                        .leader("postgresql1")
                        .status("postgresql1", status("standby_leader", "running"));
        Views all = other;
        store.beforeEachRead(view ->
                switch (kumkictl.pauses().size()) {
                    case 0 ->
                            api.requests().isEmpty()
                                    ? view
                                    : other.status("postgresql0", status("replica", "starting"))
                                            .build();
                    default -> all.status("postgresql0", status("replica", "running")).build();
                });

        Result result = kumkictl.run("demote-cluster", "--force", "--restore-command", "cp x %p");

        assertThat(result.out())
                .contains(
                        "leader role: standby_leader, leader state: running, previous leader state: 'starting'\n")
                .contains("successfully demoted");
        assertThat(kumkictl.pauses()).hasSize(1);
    }

    @Test
    void a_promotion_removes_the_section() {
        store.set(standbyCluster().build());
        store.beforeEachRead(view -> api.requests().isEmpty() ? view : cluster().build());

        Result result = kumkictl.typing("y").run("promote-cluster", "batman");

        assertThat(api.requests()).containsExactly("PATCH /config {\"standby_cluster\": null}");
        assertThat(result.out())
                .contains("Are you sure you want to promote batman cluster? [y/N]: ")
                .contains(AT + "cluster is successfully promoted\n");
        assertThat(result.exitCode()).isZero();
    }

    @Test
    void what_cannot_be_is_refused_before_anything_is_sent() {
        assertThat(kumkictl.run("demote-cluster", "--primary-slot-name", "x").err())
                .isEqualTo(
                        "Error: At least --host, --port or --restore-command should be specified\n");
        assertThat(kumkictl.run("promote-cluster").err())
                .isEqualTo("Error: Cluster is already in the required state\n");
        assertThat(kumkictl.typing("n").run("demote-cluster", "--host", "h").err())
                .isEqualTo("Error: Aborted cluster demotion\n");
        store.set(standbyCluster().build());
        assertThat(kumkictl.run("demote-cluster", "--host", "h").err())
                .isEqualTo("Error: Cluster is already in the required state\n");
        store.set(standbyCluster().noLeader().build());
        assertThat(kumkictl.run("promote-cluster").err())
                .isEqualTo("Error: Cluster has no leader, promotion is not possible\n");
        assertThat(api.requests()).isEmpty();
    }

    @Test
    void a_refusal_is_told() {
        api.answers("PATCH /config", 409, "no");

        Result result = kumkictl.run("demote-cluster", "--force", "--host", "h");

        assertThat(result.err())
                .isEqualTo("Error: Failed to demote batman cluster: status code=409, (no)\n");
        assertThat(result.exitCode()).isEqualTo(1);
    }

    @Test
    void there_are_no_groups_here() {
        assertThat(kumkictl.run("promote-cluster", "--group", "0").exitCode()).isEqualTo(2);
    }
}
