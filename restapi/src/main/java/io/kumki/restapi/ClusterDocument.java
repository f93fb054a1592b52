package io.kumki.restapi;

import io.kumki.dcs.cluster.ClusterSettings;
import io.kumki.dcs.cluster.ClusterSettings.SynchronousMode;
import io.kumki.dcs.cluster.ClusterView;
import io.kumki.dcs.cluster.FailoverRequest;
import io.kumki.dcs.cluster.Lsn;
import io.kumki.dcs.cluster.Member;
import io.kumki.dcs.cluster.MemberName;
import io.kumki.dcs.cluster.TimelineHistory;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** The bodies of {@code GET /cluster} and {@code GET /history}. */
final class ClusterDocument {

    private static final String UNKNOWN = "unknown";

    /** Not {@code java.net.URI}: that one finds no host in {@code postgres://pg_1:5432/x}. */
    private static final Pattern HOST_AND_PORT =
            Pattern.compile(
                    "[a-z]+://(?:[^/@]*@)?(?:\\[(?<ipv6>[^]]+)]|(?<name>[^:/?,\\[]+))(?::(?<port>[0-9]{1,5})(?![0-9]))?");

    private final ClusterView view;
    private final ClusterSettings settings;

    private ClusterDocument(ClusterView view, ClusterSettings settings) {
        this.view = view;
        this.settings = settings;
    }

    static Map<String, @Nullable Object> of(
            ClusterView view, ClusterSettings settings, String scope) {
        ClusterDocument document = new ClusterDocument(view, settings);
        Map<String, @Nullable Object> fields = new LinkedHashMap<>();
        fields.put("members", view.members().values().stream().map(document::member).toList());
        fields.put("scope", scope);
        if (settings.pause()) {
            fields.put("pause", true);
        }
        FailoverRequest request = view.failover();
        request.scheduledAt()
                .filter(_ -> request.present())
                .ifPresent(at -> fields.put("scheduled_switchover", scheduled(request, at)));
        return fields;
    }

    /** The members without what changes all the time: their positions. */
    static Map<MemberName, Map<String, @Nullable Object>> standing(
            ClusterView view, ClusterSettings settings) {
        ClusterDocument document = new ClusterDocument(view, settings);
        Map<MemberName, Map<String, @Nullable Object>> members = new LinkedHashMap<>();
        view.members().forEach((name, member) -> members.put(name, document.standing(member)));
        return members;
    }

    /** The finished timelines, oldest first; entries of old agents have no time or leader. */
    static List<List<Object>> history(TimelineHistory history) {
        return history.entries().stream().map(ClusterDocument::entry).toList();
    }

    private static List<Object> entry(TimelineHistory.Entry entry) {
        List<Object> fields = new ArrayList<>();
        fields.add(entry.timeline());
        fields.add(entry.switchLsn().bytes());
        fields.add(entry.reason());
        entry.time().ifPresent(fields::add);
        entry.time().flatMap(_ -> entry.newLeader()).ifPresent(fields::add);
        return fields;
    }

    private static Map<String, String> scheduled(FailoverRequest request, String at) {
        Map<String, String> fields = new LinkedHashMap<>();
        fields.put("at", at);
        request.leader().ifPresent(leader -> fields.put("from", leader.value()));
        request.candidate().ifPresent(candidate -> fields.put("to", candidate.value()));
        return fields;
    }

    private Map<String, @Nullable Object> member(Member member) {
        Map<String, @Nullable Object> fields = standing(member);
        Member.WalProgress wal = member.wal();
        if (!view.leadership().heldBy(member.name())) {
            putLag(fields, "receive_", wal.received());
            putLag(fields, "replay_", wal.replayed());
            putLag(fields, "", wal.location());
        }
        return fields;
    }

    private Map<String, @Nullable Object> standing(Member member) {
        Map<String, @Nullable Object> fields = new LinkedHashMap<>();
        String role = role(member.name());
        Member.WalProgress wal = member.wal();
        fields.put("name", member.name().value());
        fields.put("role", role);
        fields.put(
                "state",
                wal.replicationState()
                        .filter(_ -> !role.equals("leader"))
                        .orElse(member.status().state()));
        fields.put("api_url", member.addresses().apiUrl().orElse(null));
        member.addresses().connUrl().ifPresent(url -> putHost(fields, url));
        if (wal.timeline() != 0) {
            fields.put("timeline", wal.timeline());
        }
        if (member.status().restartPending()) {
            fields.put("pending_restart", true);
        }
        if (!member.status().pendingRestart().isEmpty()) {
            fields.put(
                    "pending_restart_reason",
                    StatusDocument.pendingRestart(member.status().pendingRestart()));
        }
        member.status()
                .scheduledRestart()
                .ifPresent(restart ->
                        fields.put(
                                "scheduled_restart",
                                StatusDocument.scheduledRestart(restart, true)));
        if (!member.tags().isEmpty()) {
            fields.put("tags", member.tags().values());
        }
        return fields;
    }

    private String role(MemberName name) {
        if (view.leadership().heldBy(name)) {
            return settings.standbyCluster().isPresent() ? "standby_leader" : "leader";
        }
        SynchronousMode mode = settings.synchronousMode();
        if (mode == SynchronousMode.OFF || !view.sync().namesStandby(name)) {
            return "replica";
        }
        return mode == SynchronousMode.ON ? "sync_standby" : "quorum_standby";
    }

    private void putLag(
            Map<String, @Nullable Object> fields, String prefix, Optional<Lsn> position) {
        fields.put(prefix + "lsn", position.map(Lsn::toString).orElse(UNKNOWN));
        Optional<Lsn> leader = view.status().leaderLsn();
        fields.put(
                prefix + "lag",
                position.isPresent() && leader.isPresent()
                        ? Math.max(0, leader.get().bytesBeyond(position.get()))
                        : UNKNOWN);
    }

    /** Host and port of a connection URL; nothing if it has no host. */
    private static void putHost(Map<String, @Nullable Object> fields, String connUrl) {
        Matcher matcher = HOST_AND_PORT.matcher(connUrl);
        if (matcher.lookingAt()) {
            String ipv6 = matcher.group("ipv6");
            String host = ipv6 == null ? matcher.group("name") : ipv6;
            String port = matcher.group("port");
            fields.put("host", host.toLowerCase(Locale.ROOT));
            fields.put("port", port == null ? 5432 : Integer.parseInt(port));
        }
    }
}
