package io.kumki.restapi;

import io.kumki.dcs.cluster.ClusterSettings.SynchronousMode;
import io.kumki.dcs.cluster.Lsn;
import io.kumki.dcs.cluster.Volumes;
import io.kumki.restapi.NodeSnapshot.Wal;
import io.vertx.core.buffer.Buffer;
import java.lang.management.ManagementFactory;
import java.lang.management.MemoryUsage;
import java.math.BigDecimal;
import java.time.OffsetDateTime;
import java.util.List;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * The text of {@code GET /metrics}: the contract's {@code patroni_*} with their exact labels and
 * order, then our own {@code kumki_*}. Written by hand, because dashboards depend on both.
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

    private final StringBuilder text = new StringBuilder(8192);
    private final String labels;

    private Metrics(String scope, String name) {
        labels = "scope=\"" + escaped(scope) + "\",name=\"" + escaped(name) + "\"";
    }

    static Buffer write(Probes probes, LoopMetrics loop) {
        Metrics metrics = new Metrics(probes.node().scope(), probes.node().name());
        metrics.server(probes);
        metrics.cluster(probes);
        metrics.loop(probes, loop);
        metrics.jvm();
        return Buffer.buffer(metrics.text.toString());
    }

    private void server(Probes probes) {
        NodeSnapshot.ServerStatus server = probes.node().server();
        Optional<NodeSnapshot.Answer> answer = server.answer();
        one("patroni_version", "gauge", "Version of the agent as one number", Versions.WIRE_NUMBER);
        flag("patroni_postgres_running", "Whether the server is up", probes.running());
        one(
                "patroni_postmaster_start_time",
                "gauge",
                "When the server was started, seconds since the epoch",
                seconds(answer.map(NodeSnapshot.Answer::postmasterStartTime)));
        flag("patroni_primary", "Whether this node is primary", server.role().equals("primary"));
        counter(
                "patroni_xlog_location",
                "WAL position of a primary in bytes",
                answer.map(NodeSnapshot.Answer::wal)
                        .map(wal -> wal instanceof Wal.Primary(Lsn lsn) ? lsn.bytes() : 0L));
        flag(
                "patroni_standby_leader",
                "Whether this node leads a standby cluster",
                server.role().equals("standby_leader"));
        flag("patroni_replica", "Whether this node is a standby", server.role().equals("replica"));
        flag(
                "patroni_sync_standby",
                "Whether this node is a synchronous standby",
                probes.synchronous(SynchronousMode.ON));
        flag(
                "patroni_quorum_standby",
                "Whether this node is a quorum standby",
                probes.synchronous(SynchronousMode.QUORUM));
        standby(probes.standby());
        if (answer.isPresent()) {
            Optional<String> state = probes.replicationState();
            flag(
                    "patroni_postgres_streaming",
                    "Whether WAL arrives by streaming",
                    state.equals(Optional.of("streaming")));
            flag(
                    "patroni_postgres_in_archive_recovery",
                    "Whether WAL arrives from the archive",
                    state.equals(Optional.of("in archive recovery")));
        }
        one(
                "patroni_postgres_server_version",
                "gauge",
                "Version of the server",
                answer.map(NodeSnapshot.Answer::serverVersion).orElse(0).toString());
    }

    private void standby(Optional<Wal.Standby> standby) {
        counter(
                "patroni_xlog_received_location",
                "WAL position received by a standby in bytes",
                standby.flatMap(Wal.Standby::received).map(Lsn::bytes));
        counter(
                "patroni_xlog_replayed_location",
                "WAL position replayed by a standby in bytes",
                standby.flatMap(Wal.Standby::replayed).map(Lsn::bytes));
        one(
                "patroni_xlog_replayed_timestamp",
                "gauge",
                "Time of the last replayed transaction, seconds since the epoch",
                seconds(standby.flatMap(Wal.Standby::replayedTimestamp)));
        flag(
                "patroni_xlog_paused",
                "Whether replay is paused",
                standby.map(Wal.Standby::paused).orElse(false));
    }

    private void cluster(Probes probes) {
        NodeSnapshot node = probes.node();
        flag(
                "patroni_cluster_unlocked",
                "Whether nobody holds the leader key",
                probes.cluster().flatMap(view -> view.leader()).isEmpty());
        flag(
                "patroni_failsafe_mode_is_active",
                "Whether failsafe mode is in action",
                probes.failsafeActive());
        one(
                "patroni_postgres_timeline",
                "gauge",
                "Timeline of the server",
                node.server().answer().map(NodeSnapshot.Answer::timeline).orElse(0).toString());
        one(
                "patroni_dcs_last_seen",
                "gauge",
                "Last contact with the store, seconds since the epoch",
                Long.toString(probes.dcsLastSeenSeconds()));
        flag(
                "patroni_pending_restart",
                "Whether the server needs a restart",
                !node.server().pendingRestart().isEmpty());
        flag(
                "patroni_is_paused",
                "Whether the cluster is in maintenance mode",
                node.settings().pause());
        text.append("# HELP patroni_postgres_state State of the server as number\n# ")
                .append(STATE_NAMES)
                .append("\n# TYPE patroni_postgres_state gauge\n");
        sample("patroni_postgres_state", "", STATES.indexOf(node.server().state()) + "");
    }

    private void loop(Probes probes, LoopMetrics loop) {
        one("kumki_loop_turns_total", "counter", "Turns of the loop", "" + loop.turns());
        one(
                "kumki_loop_last_turn_seconds",
                "gauge",
                "Duration of the last turn",
                nanos(loop.lastTurnNanos()));
        one(
                "kumki_store_failures_total",
                "counter",
                "Reads and renewals that got no usable answer from the store",
                "" + loop.storeFailures());
        one(
                "kumki_lease_left_seconds",
                "gauge",
                "Time until the own lease ends, 0 without one",
                nanos(
                        probes.leads()
                                ? probes.node().leadership().validUntilNanos().orElseThrow()
                                        - probes.nowNanos()
                                : 0));
        one(
                "kumki_lease_left_at_renewal_seconds",
                "gauge",
                "Lease that was left when its last renewal was sent, 0 without one",
                nanos(loop.leaseLeftNanos().orElse(0)));
        one(
                "kumki_standby_stalled_seconds",
                "gauge",
                "Time for which a standby has received and replayed nothing although its leader is"
                        + " ahead, 0 if it moves",
                nanos(
                        probes.node()
                                .server()
                                .standstill()
                                .map(still -> still.time().toNanos())
                                .orElse(0L)));
        if (!loop.slotsReady().isEmpty()) {
            head(
                    "kumki_slot_failover_ready",
                    "gauge",
                    "1 if a promotion now would lose nothing of this logical slot");
            loop.slotsReady()
                    .forEach((slot, ready) ->
                            sample(
                                    "kumki_slot_failover_ready",
                                    ",slot=\"" + escaped(slot) + "\"",
                                    ready ? "1" : "0"));
        }
        loop.watchdog().ifPresent(this::watchdog);
        condition(probes.node().condition());
        head("kumki_decisions_total", "counter", "Decisions of the loop by rule");
        loop.decisionsByRule()
                .forEach((rule, count) ->
                        sample(
                                "kumki_decisions_total",
                                ",rule=\"" + escaped(rule) + "\"",
                                count.toString()));
    }

    private void condition(NodeSnapshot.Condition condition) {
        one(
                "kumki_multiple_primaries",
                "gauge",
                "Members that are seen to be primaries at the same time, 0 if at most one is",
                "" + condition.primaries().size());
        one(
                "kumki_primary_crashes",
                "gauge",
                "Crashes of the primary led by this member within crash_loop_window",
                "" + condition.crashes());
        SortedMap<String, Volumes.Volume> volumes = new TreeMap<>();
        condition.volumes().data().ifPresent(volume -> volumes.put("data", volume));
        condition.volumes().wal().ifPresent(volume -> volumes.put("wal", volume));
        if (volumes.isEmpty()) {
            return;
        }
        head("kumki_volume_free_bytes", "gauge", "What the server may still write");
        volumes.forEach((name, volume) -> ofVolume("free_bytes", name, "" + volume.freeBytes()));
        head("kumki_volume_total_bytes", "gauge", "Size of the volume");
        volumes.forEach((name, volume) -> ofVolume("total_bytes", name, "" + volume.totalBytes()));
        head(
                "kumki_volume_full_in_seconds",
                "gauge",
                "When nothing is free any more if it goes on as in the last minutes, +Inf if it"
                        + " doesn't fill up");
        volumes.forEach((name, volume) ->
                ofVolume(
                        "full_in_seconds",
                        name,
                        volume.fullIn().map(time -> "" + time.toSeconds()).orElse("+Inf")));
    }

    private void ofVolume(String metric, String name, String value) {
        sample("kumki_volume_" + metric, ",volume=\"" + name + "\"", value);
    }

    private void watchdog(WatchdogMetrics watchdog) {
        one(
                "kumki_watchdog_armed",
                "gauge",
                "1 if the machine's watchdog counts and is kept alive",
                watchdog.armed() ? "1" : "0");
        one(
                "kumki_watchdog_timeout_seconds",
                "gauge",
                "From a keep-alive to the reset of the machine, 0 while it isn't armed",
                "" + watchdog.timeoutSeconds());
        one(
                "kumki_watchdog_failures_total",
                "counter",
                "Keep-alives that failed, and reasons for which the watchdog couldn't be armed",
                "" + watchdog.failures());
    }

    private void jvm() {
        MemoryUsage heap = ManagementFactory.getMemoryMXBean().getHeapMemoryUsage();
        MemoryUsage other = ManagementFactory.getMemoryMXBean().getNonHeapMemoryUsage();
        one("kumki_jvm_heap_used_bytes", "gauge", "Java heap in use", "" + heap.getUsed());
        one("kumki_jvm_heap_max_bytes", "gauge", "Limit of the Java heap", "" + heap.getMax());
        one(
                "kumki_jvm_nonheap_used_bytes",
                "gauge",
                "Memory of the JVM outside the heap",
                "" + other.getUsed());
        one(
                "kumki_jvm_threads",
                "gauge",
                "Platform threads",
                "" + ManagementFactory.getThreadMXBean().getThreadCount());
    }

    private void flag(String name, String help, boolean value) {
        one(name, "gauge", help, value ? "1" : "0");
    }

    private void counter(String name, String help, Optional<Long> value) {
        one(name, "counter", help, value.orElse(0L).toString());
    }

    private void one(String name, String type, String help, String value) {
        head(name, type, help);
        sample(name, "", value);
    }

    private void head(String name, String type, String help) {
        text.append("# HELP ").append(name).append(' ').append(help).append("\n# TYPE ");
        text.append(name).append(' ').append(type).append('\n');
    }

    private void sample(String name, String moreLabels, String value) {
        text.append(name).append('{').append(labels).append(moreLabels).append("} ");
        text.append(value).append('\n');
    }

    private static String seconds(Optional<OffsetDateTime> time) {
        return time.map(at ->
                        BigDecimal.valueOf(at.toEpochSecond())
                                .add(BigDecimal.valueOf(at.getNano() / 1000, 6))
                                .toPlainString())
                .orElse("0");
    }

    private static String nanos(long nanos) {
        return BigDecimal.valueOf(nanos, 9).toPlainString();
    }

    private static String escaped(String label) {
        return label.replace("\\", "\\\\").replace("\"", "\\\"").replace("\n", "\\n");
    }
}
