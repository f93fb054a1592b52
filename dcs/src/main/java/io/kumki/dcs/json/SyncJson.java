package io.kumki.dcs.json;

import io.kumki.dcs.cluster.MemberName;
import io.kumki.dcs.cluster.SyncState;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** {@code sync} (contract {@code dcs.md} 4.4). */
public final class SyncJson {

    private SyncJson() {}

    public static String write(SyncState state) {
        Map<String, @Nullable Object> fields = new LinkedHashMap<>();
        fields.put("leader", state.leader().map(MemberName::value).orElse(null));
        fields.put("quorum", state.syncQuorum());
        fields.put(
                "sync_standby",
                state.standbys().isEmpty()
                        ? null
                        : state.standbys().stream()
                                .map(MemberName::value)
                                .collect(Collectors.joining(",")));
        return JsonText.write(fields);
    }

    /** Reads the state; without a (readable) leader synchronous replication isn't active. */
    public static Parsed<SyncState> read(String text, long modRevision) {
        SyncState inactive = new SyncState(Optional.empty(), 0, List.of(), modRevision);
        try {
            if (!(JsonText.parse(text) instanceof Map<?, ?> object)) {
                return Parsed.poor(inactive, "not a JSON object: " + Fields.quoted(text));
            }
            Fields fields = new Fields(object, new ArrayList<>());
            Optional<MemberName> leader = fields.memberName("leader");
            if (leader.isEmpty()) {
                return new Parsed<>(inactive, fields.problems());
            }
            long syncQuorum = fields.integer("quorum").orElse(0);
            return new Parsed<>(
                    new SyncState(
                            leader,
                            Math.clamp(syncQuorum, 0, Integer.MAX_VALUE),
                            standbys(fields),
                            modRevision),
                    fields.problems());
        } catch (IllegalArgumentException notJson) {
            return Parsed.poor(inactive, notJson.getMessage() + ": " + Fields.quoted(text));
        }
    }

    private static List<MemberName> standbys(Fields fields) {
        List<MemberName> standbys = new ArrayList<>();
        for (String name : fields.text("sync_standby").orElse("").split(",", -1)) {
            if (name.indexOf('/') >= 0) {
                fields.wrong("sync_standby", "a list of member names", name);
            } else if (!name.isBlank()) {
                standbys.add(new MemberName(name.strip()));
            }
        }
        return standbys;
    }
}
