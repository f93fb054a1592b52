package io.kumki.dcs.json;

import io.kumki.dcs.cluster.Member;
import io.kumki.dcs.cluster.Member.Addresses;
import io.kumki.dcs.cluster.Member.Status;
import io.kumki.dcs.cluster.Member.WalProgress;
import io.kumki.dcs.cluster.MemberName;
import io.kumki.dcs.cluster.ParameterChange;
import io.kumki.dcs.cluster.ScheduledRestart;
import io.kumki.dcs.cluster.ScheduledRestart.Conditions;
import io.kumki.dcs.cluster.Tags;
import io.kumki.dcs.cluster.Volumes;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.SortedMap;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** {@code members/NAME} (contract {@code dcs.md} 4.1). */
public final class MemberJson {

    private MemberJson() {}

    /** The member's key as text, fields in the contract's order. */
    public static String write(Member member) {
        return JsonText.write(tree(member));
    }

    /** The member's key as tree, to compare it with what is stored ({@link ConfigPatch#same}). */
    public static Map<String, @Nullable Object> tree(Member member) {
        Map<String, @Nullable Object> fields = new LinkedHashMap<>();
        Status status = member.status();
        member.addresses().connUrl().ifPresent(url -> fields.put("conn_url", url));
        member.addresses().apiUrl().ifPresent(url -> fields.put("api_url", url));
        fields.put("state", status.state());
        fields.put("role", status.role());
        fields.put("version", status.version());
        member.addresses().proxyUrl().ifPresent(url -> fields.put("proxy_url", url));
        if (status.checkpointAfterPromoteDue()) {
            fields.put("checkpoint_after_promote", false);
        }
        if (!member.tags().isEmpty()) {
            fields.put("tags", member.tags().values());
        }
        if (status.restartPending()) {
            fields.put("pending_restart", true);
            if (!status.pendingRestart().isEmpty()) {
                fields.put("pending_restart_reason", reasons(status.pendingRestart()));
            }
        }
        addProgress(fields, member.wal());
        status.scheduledRestart()
                .ifPresent(restart -> fields.put("scheduled_restart", restartTree(restart)));
        if (status.pause()) {
            fields.put("pause", true);
        }
        if (member.volumes().known()) {
            fields.put("volumes", volumesTree(member.volumes()));
        }
        return fields;
    }

    /**
     * Reads a member's key; a text without sense gives a member known by name only.
     *
     * @param leaseId of the key, 0 if it hangs on none
     */
    public static Parsed<Member> read(MemberName name, String text, long leaseId) {
        if (text.startsWith("postgres")) {
            return Parsed.fine(
                    new Member(
                            name,
                            legacyAddresses(text),
                            Status.of("", "", ""),
                            WalProgress.UNKNOWN,
                            Tags.NONE,
                            leaseId));
        }
        Member nameOnly =
                new Member(
                        name,
                        Addresses.NONE,
                        Status.of("", "", ""),
                        WalProgress.UNKNOWN,
                        Tags.NONE,
                        leaseId);
        try {
            if (!(JsonText.parse(text) instanceof Map<?, ?> object)) {
                return Parsed.poor(nameOnly, "not a JSON object: " + Fields.quoted(text));
            }
            Fields fields = new Fields(object, new ArrayList<>());
            Member member =
                    new Member(
                            name,
                            addresses(fields),
                            status(fields),
                            progress(fields),
                            fields.map("tags").map(MemberJson::tags).orElse(Tags.NONE),
                            leaseId,
                            fields.map("volumes")
                                    .map(map -> volumes(new Fields(map, fields.problems())))
                                    .orElse(Volumes.UNKNOWN));
            return new Parsed<>(member, fields.problems());
        } catch (IllegalArgumentException notJson) {
            return Parsed.poor(nameOnly, notJson.getMessage() + ": " + Fields.quoted(text));
        }
    }

    private static Addresses addresses(Fields fields) {
        return new Addresses(
                fields.text("conn_url"), fields.text("api_url"), fields.text("proxy_url"));
    }

    private static Status status(Fields fields) {
        String role = fields.text("role").orElse("");
        return new Status(
                fields.text("state").orElse(""),
                role.equals("master") ? "primary" : role,
                fields.text("version").orElse(""),
                fields.bool("checkpoint_after_promote").filter(done -> !done).isPresent(),
                fields.isTrue("pending_restart"),
                fields.map("pending_restart_reason")
                        .map(reasons -> changes(reasons, fields.problems()))
                        .orElseGet(TreeMap::new),
                fields.map("scheduled_restart")
                        .flatMap(restart -> restart(new Fields(restart, fields.problems()))),
                fields.isTrue("pause"));
    }

    private static WalProgress progress(Fields fields) {
        OptionalLong timeline = fields.integer("timeline");
        boolean sane = timeline.orElse(0) >= 0 && timeline.orElse(0) <= Integer.MAX_VALUE;
        return new WalProgress(
                fields.lsn("xlog_location"),
                fields.lsn("receive_lsn"),
                fields.lsn("replay_lsn"),
                fields.text("replication_state"),
                sane ? (int) timeline.orElse(0) : 0);
    }

    /** Ours; members of other software overlook it. */
    private static Map<String, @Nullable Object> volumesTree(Volumes volumes) {
        Map<String, @Nullable Object> fields = new LinkedHashMap<>();
        volumes.data().ifPresent(volume -> fields.put("data", volumeTree(volume)));
        volumes.wal().ifPresent(volume -> fields.put("wal", volumeTree(volume)));
        return fields;
    }

    private static Map<String, @Nullable Object> volumeTree(Volumes.Volume volume) {
        Map<String, @Nullable Object> fields = new LinkedHashMap<>();
        fields.put("free_bytes", volume.freeBytes());
        fields.put("total_bytes", volume.totalBytes());
        return fields;
    }

    private static Volumes volumes(Fields fields) {
        return new Volumes(
                fields.map("data").flatMap(map -> volume(new Fields(map, fields.problems()))),
                fields.map("wal").flatMap(map -> volume(new Fields(map, fields.problems()))));
    }

    private static Optional<Volumes.Volume> volume(Fields fields) {
        OptionalLong free = fields.integer("free_bytes");
        OptionalLong total = fields.integer("total_bytes");
        return free.isPresent() && total.isPresent()
                ? Optional.of(new Volumes.Volume(free.getAsLong(), total.getAsLong()))
                : Optional.empty();
    }

    private static Tags tags(Map<?, ?> map) {
        SortedMap<String, Object> tags = new TreeMap<>();
        map.forEach((name, value) -> {
            if (value != null) {
                tags.put(String.valueOf(name), value);
            }
        });
        return new Tags(tags);
    }

    private static SortedMap<String, ParameterChange> changes(
            Map<?, ?> reasons, List<String> problems) {
        SortedMap<String, ParameterChange> changes = new TreeMap<>();
        reasons.forEach((parameter, reason) -> {
            if (reason instanceof Map<?, ?> values) {
                Fields fields = new Fields(values, problems);
                changes.put(
                        String.valueOf(parameter),
                        new ParameterChange(
                                fields.text("old_value").orElse(""),
                                fields.text("new_value").orElse("")));
            } else {
                problems.add("pending_restart_reason." + parameter + " is not an object");
            }
        });
        return changes;
    }

    private static Optional<ScheduledRestart> restart(Fields fields) {
        OptionalLong timeout = fields.integer("timeout");
        return fields.text("schedule")
                .map(schedule ->
                        new ScheduledRestart(
                                schedule,
                                fields.text("postmaster_start_time"),
                                new Conditions(
                                        fields.text("role"),
                                        fields.text("postgres_version"),
                                        timeout.isPresent()
                                                ? OptionalInt.of(
                                                        Math.clamp(
                                                                timeout.getAsLong(),
                                                                0,
                                                                Integer.MAX_VALUE))
                                                : OptionalInt.empty(),
                                        isSet(fields.object().get("restart_pending")))));
    }

    /** A filter as its request had it: {@code false} and null are no filter. */
    private static boolean isSet(@Nullable Object filter) {
        return filter != null && !filter.equals(false);
    }

    private static Map<String, @Nullable Object> restartTree(ScheduledRestart restart) {
        Map<String, @Nullable Object> fields = new LinkedHashMap<>();
        fields.put("schedule", restart.schedule());
        restart.postmasterStartTime().ifPresent(time -> fields.put("postmaster_start_time", time));
        Conditions conditions = restart.conditions();
        conditions.role().ifPresent(role -> fields.put("role", role));
        conditions.postgresVersion().ifPresent(version -> fields.put("postgres_version", version));
        conditions.timeoutSeconds().ifPresent(timeout -> fields.put("timeout", timeout));
        if (conditions.restartPending()) {
            fields.put("restart_pending", true);
        }
        return fields;
    }

    private static Map<String, @Nullable Object> reasons(
            SortedMap<String, ParameterChange> changes) {
        Map<String, @Nullable Object> reasons = new LinkedHashMap<>();
        changes.forEach((parameter, change) -> {
            Map<String, @Nullable Object> values = new LinkedHashMap<>();
            values.put("old_value", change.oldValue());
            values.put("new_value", change.newValue());
            reasons.put(parameter, values);
        });
        return reasons;
    }

    private static void addProgress(Map<String, @Nullable Object> fields, WalProgress wal) {
        wal.location().ifPresent(lsn -> fields.put("xlog_location", lsn.bytes()));
        wal.replayed()
                .filter(lsn -> !lsn.isZero())
                .ifPresent(lsn -> fields.put("replay_lsn", lsn.bytes()));
        wal.received()
                .filter(lsn -> !lsn.isZero())
                .ifPresent(lsn -> fields.put("receive_lsn", lsn.bytes()));
        wal.replicationState().ifPresent(state -> fields.put("replication_state", state));
        if (wal.timeline() != 0) {
            fields.put("timeline", wal.timeline());
        }
    }

    /** A connection URL whose query parameter {@code application_name} is the REST address. */
    private static Addresses legacyAddresses(String text) {
        int query = text.indexOf('?');
        if (query < 0) {
            return new Addresses(Optional.of(text), Optional.empty(), Optional.empty());
        }
        Optional<String> apiUrl = Optional.empty();
        for (String parameter : text.substring(query + 1).split("&", -1)) {
            if (parameter.startsWith("application_name=")) {
                apiUrl = decoded(parameter.substring("application_name=".length()));
            }
        }
        return new Addresses(Optional.of(text.substring(0, query)), apiUrl, Optional.empty());
    }

    private static Optional<String> decoded(String text) {
        try {
            return Optional.of(URLDecoder.decode(text, StandardCharsets.UTF_8));
        } catch (IllegalArgumentException badEscape) {
            return Optional.empty();
        }
    }
}
