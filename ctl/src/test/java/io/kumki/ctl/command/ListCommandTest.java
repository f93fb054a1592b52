package io.kumki.ctl.command;

import static org.assertj.core.api.Assertions.assertThat;

import io.kumki.ctl.CommandLineUnderTest;
import io.kumki.ctl.CommandLineUnderTest.Result;
import io.kumki.ctl.FakeStore;
import io.kumki.ctl.Views;
import io.kumki.dcs.cluster.ClusterView;
import io.kumki.dcs.cluster.FailoverRequest;
import io.kumki.dcs.cluster.Lsn;
import io.kumki.dcs.cluster.Member;
import io.kumki.dcs.cluster.MemberName;
import io.kumki.dcs.cluster.ParameterChange;
import io.kumki.dcs.cluster.ScheduledRestart;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;

class ListCommandTest {

    private final FakeStore store = new FakeStore();
    private final CommandLineUnderTest kumkictl = new CommandLineUnderTest((_, _, _, _) -> store);

    private String list(Views views, String... options) {
        store.set(views.build());
        String[] arguments = new String[options.length + 1];
        arguments[0] = "list";
        System.arraycopy(options, 0, arguments, 1, options.length);
        Result result = kumkictl.run(arguments);
        assertThat(result.err()).isEmpty();
        assertThat(result.exitCode()).isZero();
        return result.out();
    }

    @Test
    void a_healthy_cluster_looks_as_in_the_contract() {
        assertThat(list(Views.batman()))
                .isEqualTo(
                        """
                        + Cluster: batman (7277694203142172922) -+-----------+----+-------------+-----+------------+-----+
                        | Member      | Host           | Role    | State     | TL | Receive LSN | Lag | Replay LSN | Lag |
                        +-------------+----------------+---------+-----------+----+-------------+-----+------------+-----+
                        | postgresql0 | 127.0.0.1:5432 | Leader  | running   |  5 |             |     |            |     |
                        | postgresql1 | 127.0.0.1:5433 | Replica | streaming |  5 |   0/40004E8 |   0 |  0/40004E8 |   0 |
                        +-------------+----------------+---------+-----------+----+-------------+-----+------------+-----+
                        """);
    }

    @Test
    void an_unknown_cluster_is_an_empty_table_with_a_cut_title() {
        store.set(ClusterView.EMPTY);
        Result result = kumkictl.run("list", "a-cluster-with-a-name-that-is-longer-than-its-table");
        assertThat(result.exitCode()).isZero();
        assertThat(result.out())
                .isEqualTo(
                        """
                        + Cluster: a-cluster-with-a-name-that-is-longer-than-its-table (uninitializ+
                        | Member | Host | Role | State | TL | Receive LSN | Lag | Replay LSN | Lag |
                        +--------+------+------+-------+----+-------------+-----+------------+-----+
                        +--------+------+------+-------+----+-------------+-----+------------+-----+
                        """);
    }

    @Test
    void the_title_tells_the_three_states_of_the_initialize_key() {
        assertThat(list(Views.batman().initialize(Optional.empty())))
                .startsWith("+ Cluster: batman (uninitialized) ");
        assertThat(list(Views.batman().initialize(Optional.of(""))))
                .startsWith("+ Cluster: batman (initializing) ");
    }

    @Test
    void hosts_show_ports_only_where_they_matter() {
        Views ordinary =
                new Views()
                        .member(Views.member("a", 5432, "primary", Optional.empty(), 0))
                        .leader("a");
        assertThat(list(ordinary)).contains("| a      | 127.0.0.1 | Leader ");
        assertThat(list(ordinary.standby("b", 5432))).contains("| a      | 127.0.0.1:5432 |");
    }

    private static Views everything() {
        TreeMap<String, ParameterChange> changes = new TreeMap<>();
        changes.put("max_connections", new ParameterChange("100", "200"));
        changes.put("shared_preload_libraries", new ParameterChange("a", "b".repeat(40)));
        return Views.batman()
                .tags("postgresql1", Map.of("nofailover", true, "clonefrom", true))
                .status(
                        "postgresql1",
                        new Member.Status(
                                "running",
                                "replica",
                                "4.1.4",
                                false,
                                true,
                                changes,
                                Optional.of(
                                        new ScheduledRestart(
                                                "2030-01-01T00:00:00+00:00",
                                                Optional.empty(),
                                                new ScheduledRestart.Conditions(
                                                        Optional.empty(),
                                                        Optional.of("15.9"),
                                                        OptionalInt.empty(),
                                                        false))),
                                false));
    }

    @Test
    void a_cell_of_several_lines_draws_rules_between_all_rows() {
        assertThat(list(everything()))
                .isEqualTo(
                        """
                        + Cluster: batman (7277694203142172922) -+-----------+----+-------------+-----+------------+-----+-----------------+-----------------------------------------------+---------------------------------------------+------------------+
                        | Member      | Host           | Role    | State     | TL | Receive LSN | Lag | Replay LSN | Lag | Pending restart | Pending restart reason                        | Scheduled restart                           | Tags             |
                        +-------------+----------------+---------+-----------+----+-------------+-----+------------+-----+-----------------+-----------------------------------------------+---------------------------------------------+------------------+
                        | postgresql0 | 127.0.0.1:5432 | Leader  | running   |  5 |             |     |            |     |                 |                                               |                                             |                  |
                        +-------------+----------------+---------+-----------+----+-------------+-----+------------+-----+-----------------+-----------------------------------------------+---------------------------------------------+------------------+
                        | postgresql1 | 127.0.0.1:5433 | Replica | streaming |  5 |   0/40004E8 |   0 |  0/40004E8 |   0 | *               | max_connections: 100->200                     | 2030-01-01T00:00:00+00:00 if version < 15.9 | clonefrom: true  |
                        |             |                |         |           |    |             |     |            |     |                 | shared_preload_libraries: [hidden - too long] |                                             | nofailover: true |
                        +-------------+----------------+---------+-----------+----+-------------+-----+------------+-----+-----------------+-----------------------------------------------+---------------------------------------------+------------------+
                        """);
    }

    @Test
    void json_has_full_column_names_and_leaves_empty_values_out() {
        assertThat(list(everything(), "-f", "json"))
                .isEqualTo(
                        "[{\"Cluster\": \"batman\", \"Member\": \"postgresql0\", \"Host\":"
                                + " \"127.0.0.1:5432\", \"Role\": \"Leader\", \"State\": \"running\","
                                + " \"TL\": 5}, {\"Cluster\": \"batman\", \"Member\": \"postgresql1\","
                                + " \"Host\": \"127.0.0.1:5433\", \"Role\": \"Replica\", \"State\":"
                                + " \"streaming\", \"TL\": 5, \"Receive LSN\": \"0/40004E8\", \"Receive"
                                + " Lag\": 0, \"Replay LSN\": \"0/40004E8\", \"Replay Lag\": 0,"
                                + " \"Pending restart\": \"*\", \"Pending restart reason\":"
                                + " \"max_connections: 100->200\\nshared_preload_libraries: a->"
                                + "b".repeat(40)
                                + "\", \"Scheduled restart\": \"2030-01-01T00:00:00+00:00 if"
                                + " version < 15.9\", \"Tags\": {\"clonefrom\": true,"
                                + " \"nofailover\": true}}]\n");
    }

    @Test
    void tsv_has_a_header_and_tags_in_one_line() {
        assertThat(list(Views.batman().tags("postgresql1", Map.of("clonefrom", true)), "-f", "tsv"))
                .isEqualTo(
                        """
                        Cluster\tMember\tHost\tRole\tState\tTL\tReceive LSN\tReceive Lag\tReplay LSN\tReplay Lag\tTags
                        batman\tpostgresql0\t127.0.0.1:5432\tLeader\trunning\t5\t\t\t\t\t
                        batman\tpostgresql1\t127.0.0.1:5433\tReplica\tstreaming\t5\t0/40004E8\t0\t0/40004E8\t0\t{clonefrom: true}
                        """);
    }

    @Test
    void yaml_is_sorted_and_followed_by_an_empty_line() {
        assertThat(list(Views.batman(), "-f", "yml"))
                .isEqualTo(
                        """
                        - Cluster: batman
                          Host: 127.0.0.1:5432
                          Member: postgresql0
                          Role: Leader
                          State: running
                          TL: 5
                        - Cluster: batman
                          Host: 127.0.0.1:5433
                          Member: postgresql1
                          Receive LSN: 0/40004E8
                          Receive Lag: 0
                          Replay LSN: 0/40004E8
                          Replay Lag: 0
                          Role: Replica
                          State: streaming
                          TL: 5

                        """);
    }

    @Test
    void lags_are_mebibytes_and_missing_if_unknown() {
        Lsn behind = new Lsn(0x40004E8L - 10 * 1024 * 1024);
        Views views =
                Views.batman()
                        .wal(
                                "postgresql1",
                                new Member.WalProgress(
                                        Optional.of(behind),
                                        Optional.of(behind),
                                        Optional.empty(),
                                        Optional.of("streaming"),
                                        0));
        assertThat(list(views))
                .contains("| streaming |    |   0/36004E8 |  10 |    unknown |     |");
    }

    @Test
    void a_member_with_one_position_only_shows_it_where_it_belongs() {
        Lsn at = new Lsn(0x40004E8L);
        Member.WalProgress streaming =
                new Member.WalProgress(
                        Optional.of(at),
                        Optional.empty(),
                        Optional.empty(),
                        Optional.of("streaming"),
                        5);
        Member.WalProgress archive =
                new Member.WalProgress(
                        Optional.of(at), Optional.empty(), Optional.empty(), Optional.empty(), 5);
        assertThat(list(Views.batman().wal("postgresql1", streaming), "-f", "tsv"))
                .contains("streaming\t5\t0/40004E8\t0\tunknown\t\n");
        assertThat(list(Views.batman().wal("postgresql1", archive), "-f", "tsv"))
                .contains("running\t5\tunknown\t\t0/40004E8\t0\n");
    }

    @Test
    void roles_follow_from_sync_key_mode_and_standby_cluster() {
        assertThat(
                        list(
                                Views.batman()
                                        .config(Map.of("synchronous_mode", true))
                                        .sync("postgresql0", "POSTGRESQL1")))
                .contains("| Sync Standby |");
        assertThat(
                        list(
                                Views.batman()
                                        .config(Map.of("synchronous_mode", "quorum"))
                                        .sync("postgresql0", "postgresql1")))
                .contains("| Quorum Standby |");
        assertThat(
                        list(
                                Views.batman()
                                        .config(
                                                Map.of(
                                                        "standby_cluster",
                                                        Map.of("host", "10.0.0.1")))))
                .contains("| Standby Leader |");
    }

    @Test
    void maintenance_mode_and_a_scheduled_switchover_stand_below_the_table() {
        Views views =
                Views.batman()
                        .config(Map.of("pause", true))
                        .failover(
                                new FailoverRequest(
                                        Optional.of(new MemberName("postgresql0")),
                                        Optional.of(new MemberName("postgresql1")),
                                        Optional.of("2030-01-01T00:00+00"),
                                        3));
        assertThat(list(views))
                .endsWith(
                        """
                         Maintenance mode: on
                         Switchover scheduled at: 2030-01-01T00:00:00+00:00
                                            from: postgresql0
                                              to: postgresql1
                        """);
    }

    @Test
    void extended_shows_all_columns() {
        assertThat(list(Views.batman(), "--extended"))
                .contains(
                        "| Pending restart | Pending restart reason | Scheduled restart | Tags |");
    }

    @Test
    void the_timestamp_stands_first() {
        assertThat(list(Views.batman(), "-t")).startsWith("2026-11-21 05:28:05\n+ Cluster");
    }

    @Test
    void watching_repeats_until_ctrl_c() {
        store.set(Views.batman().build());
        Result result = kumkictl.interruptedAfter(1).run("list", "-w", "0.5");
        assertThat(result.exitCode()).isEqualTo(1);
        assertThat(result.err()).isEqualTo("Aborted!\n");
        assertThat(result.out().split("\\+ Cluster")).hasSize(3);
        assertThat(kumkictl.pauses())
                .containsExactly(Duration.ofMillis(500), Duration.ofMillis(500));
    }

    @Test
    void without_any_name_there_is_nothing_to_list() {
        Result result = kumkictl.env("PATRONI_SCOPE", "").run("list");
        assertThat(result.exitCode()).isZero();
        assertThat(result.out()).isEmpty();
    }

    @Test
    void a_silent_store_is_an_error_that_names_the_endpoints() {
        store.fallSilent();
        Result result = kumkictl.run("list");
        assertThat(result.exitCode()).isEqualTo(1);
        assertThat(result.err()).isEqualTo("Error: etcd at 10.0.0.5:2379 gave no answer\n");
    }

    @Test
    void a_citus_group_is_told_in_title_and_rows() {
        assertThat(list(Views.batman(), "--group", "1"))
                .startsWith("+ Citus cluster: batman (group: 1, 7277694203142172922) ");
        assertThat(list(Views.batman(), "--group", "1", "-f", "json"))
                .startsWith("[{\"Cluster\": \"batman\", \"Group\": 1, \"Member\"");
    }

    @Test
    void topology_is_a_tree_without_loops() {
        store.set(
                Views.batman()
                        .standby("postgresql2", 5434)
                        .standby("postgresql3", 5435)
                        .standby("loop1", 5436)
                        .standby("loop2", 5437)
                        .tags("postgresql2", Map.of("replicatefrom", "postgresql1"))
                        .tags("postgresql3", Map.of("replicatefrom", "postgresql2"))
                        .tags("loop1", Map.of("replicatefrom", "loop2"))
                        .tags("loop2", Map.of("replicatefrom", "loop1"))
                        .build());
        assertThat(kumkictl.run("topology").out())
                .isEqualTo(
                        """
                        + Cluster: batman (7277694203142172922) -------+-----------+----+-------------+-----+------------+-----+------------------------------+
                        | Member            | Host           | Role    | State     | TL | Receive LSN | Lag | Replay LSN | Lag | Tags                         |
                        +-------------------+----------------+---------+-----------+----+-------------+-----+------------+-----+------------------------------+
                        | postgresql0       | 127.0.0.1:5432 | Leader  | running   |  5 |             |     |            |     |                              |
                        | + postgresql1     | 127.0.0.1:5433 | Replica | streaming |  5 |   0/40004E8 |   0 |  0/40004E8 |   0 |                              |
                        |   + postgresql2   | 127.0.0.1:5434 | Replica | streaming |  5 |   0/40004E8 |   0 |  0/40004E8 |   0 | {replicatefrom: postgresql1} |
                        |     + postgresql3 | 127.0.0.1:5435 | Replica | streaming |  5 |   0/40004E8 |   0 |  0/40004E8 |   0 | {replicatefrom: postgresql2} |
                        +-------------------+----------------+---------+-----------+----+-------------+-----+------------+-----+------------------------------+
                        """);
    }
}
