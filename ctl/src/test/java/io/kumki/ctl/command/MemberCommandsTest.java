package io.kumki.ctl.command;

import static org.assertj.core.api.Assertions.assertThat;

import io.kumki.ctl.CommandLineUnderTest;
import io.kumki.ctl.CommandLineUnderTest.Result;
import io.kumki.ctl.FakeApi;
import io.kumki.ctl.FakeStore;
import io.kumki.ctl.Views;
import io.kumki.dcs.cluster.ClusterView;
import io.kumki.dcs.cluster.FailoverRequest;
import io.kumki.dcs.cluster.Member;
import io.kumki.dcs.cluster.MemberName;
import io.kumki.dcs.cluster.ScheduledRestart;
import java.io.IOException;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** {@code reload}, {@code restart}, {@code reinit}, {@code flush}: members chosen, then asked. */
@SuppressWarnings("StringConcatToTextBlock") // long lines stay apart from line feeds
class MemberCommandsTest {

    private final FakeStore store = new FakeStore();
    private final FakeApi api = new FakeApi();
    private final CommandLineUnderTest kumkictl = new CommandLineUnderTest((_, _, _, _) -> store);

    MemberCommandsTest() throws IOException {}

    @BeforeEach
    void aClusterOfTwo() {
        store.set(Views.batman().api(api.url()).build());
    }

    @AfterEach
    void stop() {
        api.close();
    }

    private static String tail(Result result) {
        return result.out().substring(result.out().lastIndexOf("--+\n") + 4);
    }

    private static Member.Status waiting(boolean pending, Optional<ScheduledRestart> restart) {
        return new Member.Status(
                "running", "replica", "4.1.4", false, pending, new TreeMap<>(), restart, false);
    }

    private static Optional<ScheduledRestart> atNewYear() {
        return Optional.of(
                new ScheduledRestart(
                        "2030-01-01T00:00:00+00:00",
                        Optional.empty(),
                        ScheduledRestart.Conditions.NONE));
    }

    @Test
    void reload_tells_when_it_will_happen() {
        api.answers("POST /reload", 202, "reload scheduled");
        assertThat(tail(kumkictl.typing("y").run("reload", "batman")))
                .isEqualTo(
                        "Are you sure you want to reload members postgresql0, postgresql1? [y/N]:"
                                + " Reload request received for member postgresql0 and will be"
                                + " processed within 10 seconds\n"
                                + "Reload request received for member postgresql1 and will be"
                                + " processed within 10 seconds\n");
        api.answers("POST /reload", 200, "");
        assertThat(tail(kumkictl.run("reload", "batman", "postgresql1", "--force")))
                .isEqualTo("No changes to apply on member postgresql1\n");
        api.answers("POST /reload", 401, "not authenticated");
        assertThat(tail(kumkictl.run("reload", "batman", "-r", "leader", "--force")))
                .isEqualTo(
                        "Failed: reload for member postgresql0, status code=401,"
                                + " (not authenticated)\n");
    }

    @Test
    void who_is_meant_must_exist() {
        Result named = kumkictl.run("reload", "batman", "x", "--force");
        assertThat(named.err()).isEqualTo("Error: No 'any' among provided members\n");
        assertThat(named.out()).startsWith("+ Cluster: batman");
        assertThat(kumkictl.run("restart", "batman", "postgresql1", "-r", "leader").err())
                .isEqualTo("Error: No 'leader' among provided members\n");
        assertThat(kumkictl.run("reinit", "batman", "postgresql0").err())
                .isEqualTo("Error: No replica among provided members\n");
        store.set(ClusterView.EMPTY);
        assertThat(kumkictl.run("reload", "nosuch").err())
                .isEqualTo("Error: nosuch cluster doesn't have any members\n");
    }

    @Test
    void no_means_no() {
        assertThat(kumkictl.typing("n").run("reload", "batman").err())
                .isEqualTo("Error: Aborted reload\n");
        assertThat(kumkictl.typing("now", "n").run("restart", "batman").err())
                .isEqualTo("Error: Aborted restart\n");
        assertThat(kumkictl.typing("2030-01-01", "n").run("restart", "batman").err())
                .isEqualTo("Error: Aborted scheduled restart\n");
        assertThat(kumkictl.typing("n").run("reinit", "batman", "postgresql1").err())
                .isEqualTo("Error: Aborted reinitialize\n");
        assertThat(kumkictl.typing("n").run("flush", "batman", "restart").err())
                .isEqualTo("Error: Aborted flush\n");
        assertThat(api.requests()).isEmpty();
    }

    @Test
    void restart_asks_for_time_confirmation_and_version() {
        api.answers("POST /restart", 200, "restarted successfully");
        Result result = kumkictl.typing("", "y", "15.9").run("restart", "batman", "postgresql1");
        assertThat(tail(result))
                .isEqualTo(
                        "When should the restart take place (e.g. 2026-11-21T06:28 )  [now]: Are"
                                + " you sure you want to restart members postgresql1? [y/N]:"
                                + " Restart if the PostgreSQL version is less than provided (e.g."
                                + " 9.5.2)  []: Success: restart on member postgresql1\n");
        assertThat(api.requests())
                .containsExactly("POST /restart {\"postgres_version\": \"15.9\"}");
    }

    @Test
    void restart_tells_each_outcome() {
        String[] force = {"restart", "batman", "postgresql1", "--force"};
        api.answers("POST /restart", 202, "");
        assertThat(tail(kumkictl.run(force)))
                .isEqualTo("Success: restart scheduled on member postgresql1\n");
        api.answers("POST /restart", 409, "");
        assertThat(tail(kumkictl.run(force)))
                .isEqualTo("Failed: another restart is already scheduled on member postgresql1\n");
        api.answers("POST /restart", 503, "restart failed");
        Result refused = kumkictl.run(force);
        assertThat(tail(refused))
                .isEqualTo(
                        "Failed: restart for member postgresql1, status code=503,"
                                + " (restart failed)\n");
        assertThat(refused.exitCode()).isZero();
        store.set(Views.batman().build());
        Result silent = kumkictl.run(force);
        assertThat(tail(silent))
                .startsWith(
                        "Failed: restart for member postgresql1, postgresql1 at"
                                + " http://127.0.0.1:1/restart gave no answer: ");
        assertThat(silent.exitCode()).isEqualTo(1);
    }

    @Test
    void restart_sends_all_its_conditions() {
        api.answers("POST /restart", 202, "").answers("DELETE /restart", 200, "deleted");
        store.set(
                Views.batman()
                        .status("postgresql1", waiting(true, atNewYear()))
                        .api(api.url())
                        .build());
        Result result =
                kumkictl.run(
                        "restart",
                        "batman",
                        "--pending",
                        "--scheduled",
                        "2030-01-01T10:00Z",
                        "--pg-version",
                        "15.9",
                        "--timeout",
                        "5min",
                        "-r",
                        "replica",
                        "--force");
        assertThat(tail(result))
                .isEqualTo(
                        "Success: flush scheduled restart for member postgresql1\n"
                                + "Success: restart scheduled on member postgresql1\n");
        assertThat(api.requests())
                .containsExactly(
                        "DELETE /restart",
                        "POST /restart {\"restart_pending\": true, \"postgres_version\": \"15.9\","
                                + " \"schedule\": \"2030-01-01T10:00:00+00:00\", \"timeout\":"
                                + " \"5min\"}");
    }

    @Test
    void restart_pending_leaves_the_others_alone() {
        api.answers("POST /restart", 200, "");
        store.set(
                Views.batman()
                        .status("postgresql1", waiting(true, Optional.empty()))
                        .api(api.url())
                        .build());
        assertThat(tail(kumkictl.run("restart", "batman", "--pending", "--force")))
                .isEqualTo("Success: restart on member postgresql1\n");
        store.set(Views.batman().api(api.url()).build());
        assertThat(tail(kumkictl.run("restart", "batman", "--pending", "--force")))
                .isEqualTo("No members with a pending restart\n");
    }

    @Test
    void restart_any_takes_one() {
        api.answers("POST /restart", 200, "");
        kumkictl.run("restart", "batman", "--any", "--force");
        assertThat(api.requests()).hasSize(1);
    }

    @Test
    void restart_refuses_bad_versions_and_schedules_in_pause() {
        assertThat(kumkictl.run("restart", "batman", "--force", "--pg-version", "new").err())
                .isEqualTo("Error: Invalid PostgreSQL version: new\n");
        assertThat(kumkictl.run("restart", "batman", "--force", "--pg-version", "15").err())
                .isEqualTo(
                        "Error: Invalid PostgreSQL version format: X.Y or X.Y.Z is accepted: 15\n");
        store.set(Views.batman().config(Map.of("pause", true)).build());
        assertThat(kumkictl.run("restart", "batman", "--force", "--scheduled", "2030-01-01").err())
                .isEqualTo("Error: Can't schedule restart in the paused state\n");
    }

    @Test
    void reinit_never_takes_all() {
        api.answers("POST /reinitialize", 200, "reinitialize started");
        Result forced = kumkictl.run("reinit", "batman", "--force");
        assertThat(tail(forced)).isEmpty();
        assertThat(forced.exitCode()).isZero();
        assertThat(api.requests()).isEmpty();
        Result wrong = kumkictl.typing("").run("reinit", "batman");
        assertThat(tail(wrong))
                .isEqualTo("Which member do you want to reinitialize [postgresql1]? []: ");
        assertThat(wrong.err()).isEqualTo("Error:  is not a member of cluster\n");
        assertThat(tail(kumkictl.typing("postgresql1", "y").run("reinit", "batman")))
                .isEqualTo(
                        "Which member do you want to reinitialize [postgresql1]? []: Are you sure"
                                + " you want to reinitialize members postgresql1? [y/N]: Success:"
                                + " reinitialize for member postgresql1\n");
    }

    @Test
    void reinit_may_end_what_runs_there() {
        api.answers("POST /reinitialize", 503, "restart already in progress");
        Result result = kumkictl.typing("y", "y").run("reinit", "batman", "postgresql1");
        String failed =
                "Failed: reinitialize for member postgresql1, status code=503,"
                        + " (restart already in progress)\n";
        assertThat(tail(result))
                .endsWith(
                        failed
                                + "Do you want to cancel it and reinitialize anyway? [y/N]: "
                                + failed);
        assertThat(api.requests())
                .hasSize(2)
                .last()
                .asString()
                .contains("\"force\": true")
                .contains("\"from_leader\": false");
    }

    @Test
    void reinit_waits_for_the_end() {
        api.answers("POST /reinitialize", 200, "reinitialize started")
                .answers("GET /patroni", 200, "{\"state\": \"running\"}");
        Result result =
                kumkictl.run(
                        "reinit", "batman", "postgresql1", "--force", "--wait", "--from-leader");
        assertThat(tail(result))
                .isEqualTo(
                        "Success: reinitialize for member postgresql1\n"
                                + "Waiting for reinitialize to complete on: postgresql1\n"
                                + "Reinitialize is completed on: postgresql1\n");
        assertThat(api.requests().getFirst())
                .contains("\"force\": true")
                .contains("\"from_leader\": true");
        assertThat(kumkictl.pauses()).hasSize(1);
    }

    @Test
    void flush_restart_touches_only_scheduled_ones() {
        store.set(
                Views.batman()
                        .status("postgresql1", waiting(false, atNewYear()))
                        .api(api.url())
                        .build());
        api.answers("DELETE /restart", 200, "scheduled restart deleted");
        assertThat(tail(kumkictl.run("flush", "batman", "restart", "--force")))
                .isEqualTo(
                        "No scheduled restart for member postgresql0\n"
                                + "Success: flush scheduled restart for member postgresql1\n");
        api.answers("DELETE /restart", 404, "no restarts are scheduled");
        assertThat(tail(kumkictl.run("flush", "batman", "postgresql1", "restart", "--force")))
                .isEqualTo(
                        "Failed: flush scheduled restart for member postgresql1, status code=404,"
                                + " (no restarts are scheduled)\n");
    }

    @Test
    void flush_switchover_asks_members_then_the_store() {
        assertThat(kumkictl.run("flush", "batman", "switchover").out())
                .isEqualTo("No pending scheduled switchover\n");
        Views scheduled =
                Views.batman()
                        .failover(
                                new FailoverRequest(
                                        Optional.of(new MemberName("postgresql0")),
                                        Optional.empty(),
                                        Optional.of("2030-01-01T00:00:00+00:00"),
                                        7));
        store.set(scheduled.build());
        assertThat(kumkictl.run("flush", "batman", "switchover").out())
                .isEqualTo(
                        "2026-11-21 05:28:05.17345 Could not find any accessible member of cluster"
                                + " batman\n");
        assertThat(store.view().failover().present()).isFalse();
        store.set(scheduled.api(api.url()).build());
        api.answers("DELETE /switchover", 503, "busy");
        assertThat(kumkictl.run("flush", "batman", "switchover").out())
                .startsWith(
                        "Failed: member=postgresql0, status_code=503, (busy)\n"
                                + "Failed: member=postgresql1, status_code=503, (busy)\n");
        store.set(scheduled.api(api.url()).build());
        api.answers("DELETE /switchover", 200, "scheduled switchover deleted");
        assertThat(kumkictl.run("flush", "batman", "switchover").out())
                .isEqualTo("Success: scheduled switchover deleted\n");
    }

    @Test
    void flush_needs_a_known_target() {
        Result result = kumkictl.run("flush", "batman", "everything");
        assertThat(result.exitCode()).isEqualTo(2);
        assertThat(result.err())
                .endsWith(
                        "\nError: Invalid value for '[restart|switchover]': 'everything' is not one"
                                + " of 'restart', 'switchover'.\n");
    }

    @Test
    void show_config_names_what_members_could_not_take() {
        api.answers(
                "GET /patroni",
                200,
                "{\"state\": \"running\", \"parameter_problems\": [\"work_mem = lots is left out\"]}");

        Result shown = kumkictl.run("show-config");

        assertThat(shown.out()).isEqualTo("loop_wait: 10\nttl: 30\n\n");
        assertThat(shown.err())
                .isEqualTo("Warning: postgresql0, postgresql1: work_mem = lots is left out\n");
        assertThat(shown.exitCode()).isZero();
    }

    @Test
    void show_config_needs_no_member() {
        api.answers("GET /patroni", 502, "<html>");

        Result shown = kumkictl.run("show-config");

        assertThat(shown.out()).isEqualTo("loop_wait: 10\nttl: 30\n\n");
        assertThat(shown.err()).contains("Note: postgresql0 can't be asked");
        assertThat(shown.exitCode()).isZero();
    }
}
