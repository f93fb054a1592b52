package io.kumki.restapi;

import io.kumki.dcs.cluster.ClusterSettings.SynchronousMode;
import io.kumki.dcs.cluster.Lsn;
import io.kumki.dcs.cluster.MemberName;
import io.kumki.restapi.NodeSnapshot.Wal;
import io.vertx.core.buffer.Buffer;
import java.math.BigDecimal;
import java.time.OffsetDateTime;
import java.util.List;
import java.util.Optional;

/**
 * The text of {@code GET /metrics}: the contract's {@code patroni_*} with their exact labels and
 * order, then our own {@code kumki_*}.
 */
final class Metrics {

    private static final List<String> STATES =
            List.of(
                    "initializing new cluster",
                    "initdb failed",
                    "running custom bootstrap script",
                    "custom bootstrap failed",
                    "creating replica",
                    "running",
                    "starting",
                    "starting after custom bootstrap",
                    "start failed",
                    "restarting",
                    "restart failed",
                    "stopping",
                    "stopped",
                    "stop failed",
                    "crashed");

    private static final String STATE_NAMES =
            "0=initdb, 1=initdb_failed, 2=custom_bootstrap, 3=custom_bootstrap_failed,"
                    + " 4=creating_replica, 5=running, 6=starting, 7=bootstrap_starting,"
                    + " 8=start_failed, 9=restarting, 10=restart_failed, 11=stopping, 12=stopped,"
                    + " 13=stop_failed, 14=crashed";

    private final MetricsText text;

    private Metrics(MetricsText text) {
        this.text = text;
    }

    static Buffer write(
            Probes probes, LoopMetrics loop, RestMeter rest, MetricsText.Format format) {
        MetricsText text = new MetricsText(format, probes.node().scope(), probes.node().name());
        Metrics metrics = new Metrics(text);
        metrics.server(probes);
        metrics.cluster(probes);
        OwnMetrics.write(text, probes, loop, rest);
        return text.end();
    }

    private void server(Probes probes) {
        NodeSnapshot.ServerStatus server = probes.node().server();
        Optional<NodeSnapshot.Answer> answer = server.answer();
        text.gauge("patroni_version", "Version of the agent as one number", Versions.WIRE_NUMBER);
        text.flag("patroni_postgres_running", "Whether the server is up", probes.running());
        text.gauge(
                "patroni_postmaster_start_time",
                "When the server was started, seconds since the epoch",
                seconds(answer.map(NodeSnapshot.Answer::postmasterStartTime)));
        text.flag(
                "patroni_primary", "Whether this node is primary", server.role().equals("primary"));
        position(
                "patroni_xlog_location",
                "WAL position of a primary in bytes",
                answer.map(NodeSnapshot.Answer::wal)
                        .map(wal -> wal instanceof Wal.Primary(Lsn lsn) ? lsn.bytes() : 0L));
        text.flag(
                "patroni_standby_leader",
                "Whether this node leads a standby cluster",
                server.role().equals("standby_leader"));
        text.flag(
                "patroni_replica",
                "Whether this node is a standby",
                server.role().equals("replica"));
        text.flag(
                "patroni_sync_standby",
                "Whether this node is a synchronous standby",
                probes.synchronous(SynchronousMode.ON));
        text.flag(
                "patroni_quorum_standby",
                "Whether this node is a quorum standby",
                probes.synchronous(SynchronousMode.QUORUM));
        standby(probes.standby());
        if (answer.isPresent()) {
            Optional<String> state = probes.replicationState();
            text.flag(
                    "patroni_postgres_streaming",
                    "Whether WAL arrives by streaming",
                    state.equals(Optional.of("streaming")));
            text.flag(
                    "patroni_postgres_in_archive_recovery",
                    "Whether WAL arrives from the archive",
                    state.equals(Optional.of("in archive recovery")));
        }
        text.gauge(
                "patroni_postgres_server_version",
                "Version of the server",
                answer.map(NodeSnapshot.Answer::serverVersion).orElse(0).toString());
    }

    private void standby(Optional<Wal.Standby> standby) {
        position(
                "patroni_xlog_received_location",
                "WAL position received by a standby in bytes",
                standby.flatMap(Wal.Standby::received).map(Lsn::bytes));
        position(
                "patroni_xlog_replayed_location",
                "WAL position replayed by a standby in bytes",
                standby.flatMap(Wal.Standby::replayed).map(Lsn::bytes));
        text.gauge(
                "patroni_xlog_replayed_timestamp",
                "Time of the last replayed transaction, seconds since the epoch",
                seconds(standby.flatMap(Wal.Standby::replayedTimestamp)));
        text.flag(
                "patroni_xlog_paused",
                "Whether replay is paused",
                standby.map(Wal.Standby::paused).orElse(false));
    }

    private void cluster(Probes probes) {
        NodeSnapshot node = probes.node();
        text.flag(
                "patroni_cluster_unlocked",
                "Whether nobody holds the leader key",
                probes.cluster().flatMap(view -> view.leader()).isEmpty());
        text.flag(
                "patroni_failsafe_mode_is_active",
                "Whether failsafe mode is in action",
                probes.failsafeActive());
        text.flag(
                "patroni_failsafe_mode_enabled",
                "Whether failsafe mode is configured",
                node.settings().failsafeMode());
        text.flag(
                "patroni_failsafe_member",
                "Whether this node is one of those that are asked in failsafe mode",
                probes.node()
                        .cluster()
                        .flatMap(cached -> cached.view().failsafe())
                        .filter(members -> members.containsKey(new MemberName(node.name())))
                        .isPresent());
        text.gauge(
                "patroni_postgres_timeline",
                "Timeline of the server",
                node.server().answer().map(NodeSnapshot.Answer::timeline).orElse(0).toString());
        text.gauge(
                "patroni_dcs_last_seen",
                "Last contact with the store, seconds since the epoch",
                Long.toString(probes.dcsLastSeenSeconds()));
        text.flag(
                "patroni_pending_restart",
                "Whether the server needs a restart",
                !node.server().pendingRestart().isEmpty());
        text.flag(
                "patroni_is_paused",
                "Whether the cluster is in maintenance mode",
                node.settings().pause());
        text.head("patroni_postgres_state", "gauge", "State of the server as number", STATE_NAMES);
        text.sample("patroni_postgres_state", "", STATES.indexOf(node.server().state()) + "");
        text.gauge(
                "patroni_failover_priority",
                "Whether this node may lead, and how much it is preferred; 0: it may not",
                Integer.toString(node.tags().failoverPriority()));
    }

    /** Named a counter, without the ending that counters have now. */
    private void position(String name, String help, Optional<Long> value) {
        text.counter(name, help, value.orElse(0L));
    }

    private static String seconds(Optional<OffsetDateTime> time) {
        return time.map(at ->
                        BigDecimal.valueOf(at.toEpochSecond())
                                .add(BigDecimal.valueOf(at.getNano() / 1000, 6))
                                .toPlainString())
                .orElse("0");
    }
}
