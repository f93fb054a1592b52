package io.kumki.restapi;

import io.kumki.dcs.cluster.ClusterSettings.SynchronousMode;
import io.kumki.dcs.cluster.Lsn;
import io.kumki.dcs.cluster.ParameterChange;
import io.kumki.dcs.cluster.ScheduledRestart;
import io.kumki.dcs.cluster.Volumes;
import io.kumki.restapi.NodeSnapshot.Wal;
import java.time.temporal.ChronoUnit;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** The node status document: body of health checks and of {@code GET /patroni}. */
final class StatusDocument {

    private StatusDocument() {}

    /**
     * With the time left of the lease: the bodies of health checks are kept, this goes on falling.
     */
    static Map<String, @Nullable Object> withLease(Probes probes) {
        Map<String, @Nullable Object> document = of(probes);
        probes.lease().ifPresent(lease -> document.put("lease", lease.fields()));
        return document;
    }

    static Map<String, @Nullable Object> of(Probes probes) {
        NodeSnapshot node = probes.node();
        NodeSnapshot.ServerStatus server = node.server();
        Map<String, @Nullable Object> document = new LinkedHashMap<>();
        document.put("state", server.state());
        server.answer()
                .ifPresent(answer ->
                        document.put(
                                "postmaster_start_time",
                                WireTime.withBlank(answer.postmasterStartTime())));
        document.put("role", server.role());
        server.answer().ifPresent(answer -> putAnswer(document, answer, probes));
        probes.standstill().ifPresent(still -> document.put("standstill", standstill(still)));
        server.rejoin().ifPresent(step -> document.put("rejoin", rejoin(step)));
        if (node.settings().pause()) {
            document.put("pause", true);
        }
        if (probes.cluster().flatMap(view -> view.leader()).isEmpty()) {
            document.put("cluster_unlocked", true);
        }
        if (probes.failsafeActive()) {
            document.put("failsafe_mode_is_active", true);
        }
        document.put("dcs_last_seen", probes.dcsLastSeenSeconds());
        putMemory(document, node);
        return document;
    }

    private static void putAnswer(
            Map<String, @Nullable Object> document, NodeSnapshot.Answer answer, Probes probes) {
        document.put("server_version", answer.serverVersion());
        document.put("xlog", wal(answer.wal()));
        if (probes.synchronous(SynchronousMode.ON)) {
            document.put("sync_standby", true);
        }
        if (probes.synchronous(SynchronousMode.QUORUM)) {
            document.put("quorum_standby", true);
        }
        document.put("timeline", answer.timeline() == 0 ? null : answer.timeline());
        probes.replicationState().ifPresent(state -> document.put("replication_state", state));
        if (!answer.senders().isEmpty()) {
            document.put(
                    "replication", answer.senders().stream().map(StatusDocument::sender).toList());
        }
    }

    private static Map<String, @Nullable Object> wal(Wal wal) {
        Map<String, @Nullable Object> fields = new LinkedHashMap<>();
        switch (wal) {
            case Wal.Primary(Lsn location) -> fields.put("location", location.bytes());
            case Wal.Standby standby -> {
                fields.put("received_location", standby.received().map(Lsn::bytes).orElse(null));
                fields.put("replayed_location", standby.replayed().map(Lsn::bytes).orElse(null));
                fields.put(
                        "replayed_timestamp",
                        standby.replayedTimestamp().map(WireTime::withBlank).orElse(null));
                fields.put("paused", standby.paused());
                if (standby.receivedSinceStart()) {
                    fields.put("received_since_start", true);
                }
            }
        }
        return fields;
    }

    private static Map<String, @Nullable Object> sender(NodeSnapshot.Sender sender) {
        Map<String, @Nullable Object> fields = new LinkedHashMap<>();
        fields.put("usename", sender.usename());
        fields.put("application_name", sender.applicationName());
        fields.put("client_addr", sender.clientAddr().orElse(null));
        fields.put("state", sender.state());
        fields.put("sync_state", sender.syncState());
        fields.put("sync_priority", sender.syncPriority());
        return fields;
    }

    /** The fields that need no answer of the server. */
    private static void putMemory(Map<String, @Nullable Object> document, NodeSnapshot node) {
        if (!node.tags().isEmpty()) {
            document.put("tags", node.tags().values());
        }
        node.server()
                .systemIdentifier()
                .ifPresent(id -> document.put("database_system_identifier", id));
        if (!node.server().pendingRestart().isEmpty()) {
            document.put("pending_restart", true);
            document.put("pending_restart_reason", pendingRestart(node.server().pendingRestart()));
        }
        if (!node.server().parameterProblems().isEmpty()) {
            document.put("parameter_problems", node.server().parameterProblems());
        }
        if (!node.server().slotsReady().isEmpty()) {
            document.put("logical_slots_ready", node.server().slotsReady());
        }
        node.server().copying().ifPresent(copy -> document.put("clone", copying(copy)));
        putCondition(document, node.condition());
        Map<String, @Nullable Object> version = new LinkedHashMap<>();
        version.put("version", Versions.WIRE);
        version.put("scope", node.scope());
        version.put("name", node.name());
        document.put("patroni", version);
        document.put("kumki", Map.of("version", Versions.own()));
        node.scheduledRestart()
                .ifPresent(restart ->
                        document.put("scheduled_restart", scheduledRestart(restart, false)));
        if (node.watchdogFailed()) {
            document.put("watchdog_failed", true);
        }
    }

    private static Map<String, Object> rejoin(NodeSnapshot.Rejoin step) {
        Map<String, Object> fields = new LinkedHashMap<>();
        fields.put("rule", step.rule());
        fields.put("reason", step.reason());
        fields.put("since", step.since().truncatedTo(ChronoUnit.SECONDS).toString());
        return fields;
    }

    /** Ours, as {@link #copying}. */
    private static void putCondition(
            Map<String, @Nullable Object> document, NodeSnapshot.Condition condition) {
        if (condition.volumes().known()) {
            Map<String, Object> volumes = new LinkedHashMap<>();
            condition.volumes().data().ifPresent(volume -> volumes.put("data", volume(volume)));
            condition.volumes().wal().ifPresent(volume -> volumes.put("wal", volume(volume)));
            document.put("volumes", volumes);
        }
        if (condition.crashes() > 0) {
            document.put("crashes", condition.crashes());
        }
        condition.impaired().ifPresent(why -> document.put("impaired", why));
        condition.trouble().ifPresent(why -> document.put("trouble", why));
        if (!condition.primaries().isEmpty()) {
            document.put("multiple_primaries", condition.primaries());
        }
    }

    private static Map<String, Object> volume(Volumes.Volume volume) {
        Map<String, Object> fields = new LinkedHashMap<>();
        fields.put("free_bytes", volume.freeBytes());
        fields.put("total_bytes", volume.totalBytes());
        volume.fullIn().ifPresent(time -> fields.put("full_in_minutes", time.toMinutes()));
        return fields;
    }

    static SortedMap<String, Map<String, String>> pendingRestart(
            SortedMap<String, ParameterChange> changes) {
        SortedMap<String, Map<String, String>> reasons = new TreeMap<>();
        changes.forEach((parameter, change) -> {
            Map<String, String> values = new LinkedHashMap<>();
            values.put("old_value", change.oldValue());
            values.put("new_value", change.newValue());
            reasons.put(parameter, values);
        });
        return reasons;
    }

    /**
     * @param withStartTime whether {@code postmaster_start_time} is shown: in {@code /cluster} only
     */
    static Map<String, @Nullable Object> scheduledRestart(
            ScheduledRestart restart, boolean withStartTime) {
        Map<String, @Nullable Object> fields = new LinkedHashMap<>();
        fields.put("schedule", restart.schedule());
        ScheduledRestart.Conditions conditions = restart.conditions();
        conditions.role().ifPresent(role -> fields.put("role", role));
        conditions.postgresVersion().ifPresent(version -> fields.put("postgres_version", version));
        conditions.timeoutSeconds().ifPresent(seconds -> fields.put("timeout", seconds));
        if (conditions.restartPending()) {
            fields.put("restart_pending", true);
        }
        if (withStartTime) {
            restart.postmasterStartTime()
                    .ifPresent(time -> fields.put("postmaster_start_time", time));
        }
        return fields;
    }

    /** Ours, as {@link #copying}. */
    private static Map<String, Object> standstill(NodeSnapshot.Standstill still) {
        Map<String, Object> fields = new LinkedHashMap<>();
        fields.put("seconds", still.time().toSeconds());
        fields.put("reason", still.reason());
        return fields;
    }

    /** Ours; peers and tools overlook fields they don't know. */
    private static Map<String, Object> copying(NodeSnapshot.CloneProgress clone) {
        Map<String, Object> fields = new LinkedHashMap<>();
        fields.put("method", clone.method());
        fields.put("source", clone.source());
        fields.put("bytes", clone.bytes());
        clone.totalBytes().ifPresent(total -> fields.put("total_bytes", total));
        clone.percent().ifPresent(percent -> fields.put("percent", percent));
        fields.put("seconds", clone.seconds());
        return fields;
    }
}
