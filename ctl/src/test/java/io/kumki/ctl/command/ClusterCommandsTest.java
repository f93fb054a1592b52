package io.kumki.ctl.command;

import static org.assertj.core.api.Assertions.assertThat;

import io.kumki.ctl.CommandLineUnderTest;
import io.kumki.ctl.CommandLineUnderTest.Result;
import io.kumki.ctl.FakeApi;
import io.kumki.ctl.FakeStore;
import io.kumki.ctl.Views;
import io.kumki.dcs.cluster.ClusterView;
import io.kumki.dcs.cluster.Lsn;
import io.kumki.dcs.cluster.Member;
import io.kumki.dcs.cluster.TimelineHistory;
import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Commands about the cluster as a whole, and the command line itself. */
@SuppressWarnings("StringConcatToTextBlock") // long lines stay apart from line feeds
class ClusterCommandsTest {

    private final FakeStore store = new FakeStore();
    private final FakeApi api = new FakeApi();
    private final CommandLineUnderTest kumkictl = new CommandLineUnderTest((_, _, _, _) -> store);

    ClusterCommandsTest() throws IOException {}

    @BeforeEach
    void aClusterOfTwo() {
        store.set(Views.batman().api(api.url()).build());
    }

    @AfterEach
    void stop() {
        api.close();
    }

    private static Member.Status paused(boolean pause) {
        return new Member.Status(
                "running",
                "replica",
                "4.1.4",
                false,
                false,
                new TreeMap<>(),
                Optional.empty(),
                pause);
    }

    @Test
    void pause_and_resume_patch_the_configuration() {
        api.answers("PATCH /config", 200, "{}");
        assertThat(kumkictl.run("pause").out())
                .isEqualTo("Success: cluster management is paused\n");
        assertThat(kumkictl.run("resume").err()).isEqualTo("Error: Cluster is not paused\n");
        store.set(Views.batman().config(Map.of("pause", true)).api(api.url()).build());
        assertThat(kumkictl.run("resume").out())
                .isEqualTo("Success: cluster management is resumed\n");
        Result already = kumkictl.run("pause");
        assertThat(already.err()).isEqualTo("Error: Cluster is already paused\n");
        assertThat(already.exitCode()).isEqualTo(1);
        assertThat(api.requests())
                .containsExactly(
                        "PATCH /config {\"pause\": true}", "PATCH /config {\"pause\": null}");
    }

    @Test
    void a_refused_pause_is_told() {
        api.answers("PATCH /config", 503, "no");
        Result result = kumkictl.run("pause");
        assertThat(result.out())
                .isEqualTo("Failed: pause cluster management status code=503, (no)\n");
        assertThat(result.exitCode()).isZero();
    }

    @Test
    void a_pause_needs_somebody_who_listens() {
        store.set(Views.batman().build());
        Result result = kumkictl.run("pause");
        assertThat(result.err()).endsWith("Error: Can not find accessible cluster member\n");
        assertThat(result.exitCode()).isEqualTo(1);
    }

    @Test
    void pause_waits_until_all_members_know() {
        api.answers("PATCH /config", 200, "{}");
        Views aware =
                Views.batman()
                        .api(api.url())
                        .status("postgresql0", paused(true))
                        .status("postgresql1", paused(true));
        store.beforeEachRead(view -> kumkictl.pauses().size() == 3 ? aware.build() : view);
        assertThat(kumkictl.run("pause", "--wait").out())
                .isEqualTo(
                        "'pause' request sent, waiting until it is recognized by all nodes\n"
                                + "Success: cluster management is paused\n");
        assertThat(kumkictl.pauses()).hasSize(3);
    }

    @Test
    void members_that_live_but_do_not_know_are_named() {
        api.answers("PATCH /config", 200, "{}");
        Views halfAware =
                Views.batman()
                        .api(api.url())
                        .status("postgresql0", paused(true))
                        .wal("postgresql1", Member.WalProgress.UNKNOWN);
        store.beforeEachRead(view -> kumkictl.pauses().isEmpty() ? view : halfAware.build());
        Result result = kumkictl.run("pause", "--wait");
        assertThat(result.out())
                .endsWith("postgresql1 members didn't recognized pause state after 10 seconds\n");
        assertThat(result.exitCode()).isEqualTo(1);
        assertThat(kumkictl.pauses()).hasSize(11);
    }

    @Test
    void a_pause_that_no_member_showed_is_no_success() {
        api.answers("PATCH /config", 200, "{}");
        Result result = kumkictl.run("pause", "--wait");
        assertThat(result.out())
                .endsWith(
                        "postgresql0, postgresql1 members didn't recognized pause state after 10"
                                + " seconds\n")
                .doesNotContain("Success");
        assertThat(result.exitCode()).isEqualTo(1);
    }

    @Test
    void a_member_whose_key_has_gone_is_not_waited_for() {
        api.answers("PATCH /config", 200, "{}");
        Views left = Views.batman().api(api.url()).status("postgresql0", paused(true));
        store.beforeEachRead(
                view -> kumkictl.pauses().isEmpty() ? view : left.without("postgresql1").build());
        assertThat(kumkictl.run("pause", "--wait").out())
                .endsWith("Success: cluster management is paused\n");
    }

    @Test
    void history_fills_what_old_entries_lack() {
        store.set(
                Views.batman()
                        .history(
                                new TimelineHistory(
                                        true,
                                        List.of(
                                                new TimelineHistory.Entry(
                                                        1,
                                                        new Lsn(25623960),
                                                        "no recovery target specified",
                                                        Optional.of("2026-07-01T10:00:00+00:00"),
                                                        Optional.of("node1")),
                                                new TimelineHistory.Entry(
                                                        2,
                                                        new Lsn(25623999),
                                                        "old",
                                                        Optional.empty(),
                                                        Optional.empty()))))
                        .build());
        assertThat(kumkictl.run("history").out())
                .isEqualTo(
                        """
                        +----+----------+------------------------------+---------------------------+------------+
                        | TL |      LSN | Reason                       | Timestamp                 | New Leader |
                        +----+----------+------------------------------+---------------------------+------------+
                        |  1 | 25623960 | no recovery target specified | 2026-07-01T10:00:00+00:00 | node1      |
                        |  2 | 25623999 | old                          |                           |            |
                        +----+----------+------------------------------+---------------------------+------------+
                        """);
        assertThat(kumkictl.run("history", "-f", "json").out())
                .contains(
                        "{\"TL\": 2, \"LSN\": 25623999, \"Reason\": \"old\", \"Timestamp\": \"\","
                                + " \"New Leader\": \"\"}");
    }

    @Test
    void show_config_is_yaml_or_nothing() {
        assertThat(kumkictl.run("show-config").out()).isEqualTo("loop_wait: 10\nttl: 30\n\n");
        store.set(ClusterView.EMPTY);
        Result none = kumkictl.run("show-config");
        assertThat(none.out()).isEmpty();
        assertThat(none.exitCode()).isZero();
    }

    @Test
    void dsn_finds_a_member() {
        assertThat(kumkictl.run("dsn").out()).isEqualTo("host=127.0.0.1 port=5432\n");
        assertThat(kumkictl.run("dsn", "-r", "replica").out())
                .isEqualTo("host=127.0.0.1 port=5433\n");
        assertThat(kumkictl.run("dsn", "-r", "standby-leader").err())
                .isEqualTo("Error: Can not find a suitable member\n");
        assertThat(kumkictl.run("dsn", "-m", "postgresql1").out())
                .isEqualTo("host=127.0.0.1 port=5433\n");
        assertThat(kumkictl.run("dsn", "-r", "any", "-m", "x").err())
                .isEqualTo("Error: --role and --member are mutually exclusive options\n");
    }

    @Test
    void remove_wants_three_answers() {
        Result result =
                kumkictl.typing("batman", "Yes I am aware", "postgresql0").run("remove", "batman");
        assertThat(result.exitCode()).isZero();
        assertThat(result.out())
                .endsWith(
                        "--+\nPlease confirm the cluster name to remove: You are about to remove all"
                                + " information in DCS for batman, please type: \"Yes I am aware\":"
                                + " This cluster currently is healthy. Please specify the leader"
                                + " name to continue: ");
        assertThat(store.deleted()).isTrue();
    }

    @Test
    void remove_stops_at_the_first_wrong_answer() {
        assertThat(kumkictl.typing("robin").run("remove", "batman").err())
                .isEqualTo("Error: Cluster names specified do not match\n");
        assertThat(kumkictl.typing("batman", "yes").run("remove", "batman").err())
                .isEqualTo("Error: You did not exactly type \"Yes I am aware\"\n");
        assertThat(kumkictl.typing("batman", "Yes I am aware", "x").run("remove", "batman").err())
                .isEqualTo("Error: You did not specify the current leader of the cluster\n");
        assertThat(kumkictl.typing("batman").run("remove", "batman").err()).isEqualTo("Aborted!\n");
        assertThat(store.deleted()).isFalse();
    }

    @Test
    void version_tells_its_own_and_the_members() {
        assertThat(kumkictl.run("version").out()).startsWith("patronictl version 4.1.4\n");
        api.answers(
                        "GET /postgresql0",
                        200,
                        "{\"patroni\": {\"version\": \"4.1.4\"}, \"server_version\": 150020}")
                .answers("GET /postgresql1", 200, "{\"patroni\": {\"version\": \"3.0.2\"}}");
        assertThat(kumkictl.run("version", "batman").out())
                .endsWith(
                        "\n\npostgresql0: Patroni 4.1.4 PostgreSQL 15.20\n"
                                + "postgresql1: Patroni 3.0.2\n");
        assertThat(kumkictl.run("version", "batman", "postgresql1").out())
                .doesNotContain("postgresql0");
        assertThat(VersionCommand.serverVersion(90624)).isEqualTo("9.6.24");
        store.set(Views.batman().build());
        assertThat(kumkictl.run("version", "batman").out())
                .contains("postgresql0: failed to get version: ");
    }

    @Test
    void why_tells_the_decisions_oldest_first() {
        api.answers(
                "GET /decisions",
                200,
                """
                [{"time":"2026-11-21T05:00:02Z","rule":"leader.renews","reason":"all is well",
                  "actions":[],"outcome":"done","repeated":12},
                 {"time":"2026-11-21T05:00:01Z","rule":"election.wins","reason":"most WAL",
                  "actions":["acquire leader key","promote"],"outcome":"done","repeated":1}]
                """);
        assertThat(kumkictl.run("why", "postgresql0").out())
                .isEqualTo(
                        """
                        2026-11-21T05:00:01Z postgresql0 election.wins
                            because most WAL
                            did     acquire leader key; promote: done
                        2026-11-21T05:00:02Z postgresql0 leader.renews (12 times)
                            because all is well
                            did     nothing: done
                        """);
        assertThat(kumkictl.run("why", "postgresql0", "-n", "1", "-f", "json").out())
                .isEqualTo(
                        "[{\"Time\": \"2026-11-21T05:00:02Z\", \"Member\": \"postgresql0\","
                                + " \"Rule\": \"leader.renews\", \"Reason\": \"all is well\","
                                + " \"Actions\": [], \"Outcome\": \"done\", \"Repeated\": 12}]\n");
        assertThat(kumkictl.run("why", "x").err())
                .isEqualTo("Error: x is not a member of cluster batman\n");
    }

    @Test
    void why_leaves_out_the_noise_of_waiting_unless_asked() {
        api.answers(
                "GET /decisions",
                200,
                """
                [{"time":"2026-11-21T05:00:05Z","rule":"follower.streams","reason":"later",
                  "actions":[],"outcome":"done","repeated":3},
                 {"time":"2026-11-21T05:00:04Z","rule":"operation.under-way","reason":"follow runs",
                  "actions":[],"outcome":"done","repeated":2},
                 {"time":"2026-11-21T05:00:03Z","rule":"follower.streams","reason":"first",
                  "actions":[],"outcome":"done","repeated":4},
                 {"time":"2026-11-21T05:00:02Z","rule":"operation.under-way","reason":"clone runs",
                  "actions":[],"outcome":"done","repeated":9},
                 {"time":"2026-11-21T05:00:01Z","rule":"data.clones","reason":"empty",
                  "actions":["start clone"],"outcome":"done","repeated":1}]
                """);
        assertThat(kumkictl.run("why", "postgresql0", "-n", "2").out())
                .isEqualTo(
                        """
                        2026-11-21T05:00:01Z postgresql0 data.clones
                            because empty
                            did     start clone: done
                        2026-11-21T05:00:03Z postgresql0 follower.streams (7 times)
                            because later
                            did     nothing: done
                        """);
        assertThat(kumkictl.run("why", "postgresql0", "--all").out())
                .contains("operation.under-way (9 times)", "operation.under-way (2 times)");
        assertThat(kumkictl.run("why", "postgresql0", "-f", "json").out())
                .contains("operation.under-way");
    }

    @Test
    void an_operation_that_runs_now_is_told() {
        api.answers(
                "GET /decisions",
                200,
                """
                [{"time":"2026-11-21T05:00:02Z","rule":"operation.under-way","reason":"clone runs",
                  "actions":[],"outcome":"done","repeated":9}]
                """);
        assertThat(kumkictl.run("why", "postgresql0").out()).contains("because clone runs");
    }

    @Test
    void why_tells_who_cannot_answer() {
        api.answers("GET /decisions", 503, "{\"state\": \"running\"}");
        Result result = kumkictl.run("why", "postgresql1");
        assertThat(result.err())
                .isEqualTo(
                        "postgresql1: keeps no decision log (GET /decisions was answered with status"
                                + " 503); is it another agent than Kumki?\n");
        assertThat(result.exitCode()).isEqualTo(1);
    }

    @Test
    void usage_errors_end_with_2() {
        Result command = kumkictl.run("nosuch");
        assertThat(command.exitCode()).isEqualTo(2);
        assertThat(command.err())
                .startsWith("Usage: kumkictl ")
                .endsWith(
                        "\nTry 'kumkictl --help' for help.\n\nError: No such command 'nosuch'.\n");
        Result option = kumkictl.run("list", "--foo");
        assertThat(option.exitCode()).isEqualTo(2);
        assertThat(option.err())
                .startsWith("Usage: kumkictl list ")
                .endsWith("Try 'kumkictl list --help' for help.\n\nError: No such option: --foo\n");
        assertThat(kumkictl.run("reload").exitCode()).isEqualTo(2);
        assertThat(kumkictl.run("list", "-f", "foo").exitCode()).isEqualTo(2);
        assertThat(kumkictl.env("PATRONI_SCOPE", "").run("dsn").err())
                .endsWith("Error: Missing argument 'CLUSTER_NAME'.\n");
    }

    @Test
    void without_a_command_the_usage_is_printed() {
        Result result = kumkictl.run();
        assertThat(result.exitCode()).isZero();
        assertThat(result.out()).startsWith("Usage: kumkictl").contains("  switchover ");
        assertThat(kumkictl.run("--help").out()).contains("  edit-config ");
        assertThat(kumkictl.run("list", "--help").out()).startsWith("Usage: kumkictl list");
    }

    @Test
    void credentials_are_sent_unasked() {
        api.answers("PATCH /config", 200, "{}");
        kumkictl.env("PATRONI_RESTAPI_USERNAME", "u")
                .env("PATRONI_RESTAPI_PASSWORD", "p")
                .run("pause");
        assertThat(api.asked().getFirst().authorization()).contains("Basic dTpw");
    }
}
