package io.kumki.dcs.etcd;

import com.google.protobuf.ByteString;
import io.etcd.jetcd.api.KeyValue;
import io.kumki.dcs.cluster.ClusterStatus;
import io.kumki.dcs.cluster.ClusterView;
import io.kumki.dcs.cluster.DynamicConfig;
import io.kumki.dcs.cluster.FailoverRequest;
import io.kumki.dcs.cluster.Leadership;
import io.kumki.dcs.cluster.Member;
import io.kumki.dcs.cluster.MemberName;
import io.kumki.dcs.cluster.SyncState;
import io.kumki.dcs.cluster.TimelineHistory;
import io.kumki.dcs.json.ConfigJson;
import io.kumki.dcs.json.FailoverJson;
import io.kumki.dcs.json.FailsafeJson;
import io.kumki.dcs.json.HistoryJson;
import io.kumki.dcs.json.MemberJson;
import io.kumki.dcs.json.Parsed;
import io.kumki.dcs.json.StatusJson;
import io.kumki.dcs.json.SyncJson;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.function.BiFunction;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Makes a view of the keys of one range read. What makes no sense is left out and reported once for
 * each revision of its key. Store's context only.
 */
final class ViewReader {

    private static final Logger LOG = LoggerFactory.getLogger(ViewReader.class);
    private static final String MEMBERS = "members/";

    /** Enough for every key of a large cluster; the oldest report is forgotten first. */
    private static final int REMEMBERED_REPORTS = 1_000;

    private final String prefix;
    private final Map<String, Long> reported =
            new LinkedHashMap<>() {
                private static final long serialVersionUID = 1L;

                @Override
                protected boolean removeEldestEntry(Map.Entry<String, Long> eldest) {
                    return size() > REMEMBERED_REPORTS;
                }
            };

    ViewReader(ClusterPath path) {
        this.prefix = path.prefix();
    }

    ClusterView view(List<KeyValue> keys, long revision) {
        Map<String, KeyValue> byName = new HashMap<>();
        SortedMap<MemberName, Member> members = new TreeMap<>();
        for (KeyValue key : keys) {
            String name = name(key);
            if (name.startsWith(MEMBERS)) {
                memberName(name)
                        .ifPresent(member -> members.put(member, member(name, member, key)));
            } else {
                byName.put(name, key);
            }
        }
        return new ClusterView(
                // an unreadable one is still there: never "no cluster yet"
                Optional.ofNullable(byName.get("initialize"))
                        .map(key -> text(key).orElseGet(() -> key.getValue().toStringUtf8())),
                leadership(byName),
                members,
                read(byName, "config", ConfigJson::read, Optional.<DynamicConfig>empty()),
                read(byName, "failover", FailoverJson::read, FailoverRequest.NONE),
                read(byName, "sync", SyncJson::read, SyncState.NONE),
                status(byName),
                read(
                        byName,
                        "history",
                        (text, _) -> HistoryJson.read(text),
                        TimelineHistory.UNKNOWN),
                read(
                        byName,
                        "failsafe",
                        (text, _) -> FailsafeJson.read(text),
                        Optional.<SortedMap<MemberName, String>>empty()),
                revision);
    }

    /** The key's name below the cluster's prefix. */
    String name(KeyValue key) {
        return key.getKey().toStringUtf8().substring(prefix.length());
    }

    /** Whose key this is; deeper keys and other names are nobody's. */
    static Optional<MemberName> memberName(String name) {
        String member = name.substring(MEMBERS.length());
        return member.isBlank() || member.indexOf('/') >= 0
                ? Optional.empty()
                : Optional.of(new MemberName(member));
    }

    private Member member(String name, MemberName member, KeyValue key) {
        return text(key)
                .map(text -> reported(name, key, MemberJson.read(member, text, key.getLease())))
                .orElseGet(() -> MemberJson.read(member, "{}", key.getLease()).value());
    }

    /**
     * A leader key that names nobody is still held: taking it fails. So it isn't vacant, but held
     * by a member that doesn't exist.
     */
    private Leadership leadership(Map<String, KeyValue> keys) {
        KeyValue key = keys.get("leader");
        if (key == null) {
            return new Leadership.Vacant();
        }
        MemberName holder =
                text(key)
                        .filter(name -> !name.isBlank() && name.indexOf('/') < 0)
                        .map(MemberName::new)
                        .orElseGet(() -> {
                            report(
                                    "leader",
                                    key,
                                    "not a member name, so nobody can lead or take the lead; delete the key, as"
                                            + " with etcdctl del "
                                            + prefix
                                            + "leader");
                            return new MemberName("(unreadable leader key)");
                        });
        return new Leadership.Held(
                holder, key.getCreateRevision(), key.getModRevision(), key.getLease());
    }

    private ClusterStatus status(Map<String, KeyValue> keys) {
        return keys.containsKey("status")
                ? read(keys, "status", (text, _) -> StatusJson.read(text), ClusterStatus.NONE)
                : read(
                        keys,
                        "optime/leader",
                        (text, _) -> StatusJson.readPosition(text),
                        ClusterStatus.NONE);
    }

    private <T> T read(
            Map<String, KeyValue> keys,
            String name,
            BiFunction<String, Long, Parsed<T>> reader,
            T absent) {
        KeyValue key = keys.get(name);
        return key == null
                ? absent
                : text(key)
                        .map(text -> reported(name, key, reader.apply(text, key.getModRevision())))
                        .orElseGet(() -> reader.apply("{}", key.getModRevision()).value());
    }

    private <T> T reported(String name, KeyValue key, Parsed<T> parsed) {
        if (!parsed.problems().isEmpty()) {
            report(name, key, String.join("; ", parsed.problems()));
        }
        return parsed.value();
    }

    private Optional<String> text(KeyValue key) {
        ByteString value = key.getValue();
        if (!value.isValidUtf8()) {
            report(name(key), key, "not UTF-8");
            return Optional.empty();
        }
        return Optional.of(value.toStringUtf8());
    }

    private void report(String name, KeyValue key, String problem) {
        Long before = reported.put(name, key.getModRevision());
        if (before == null || before != key.getModRevision()) {
            LOG.atWarn()
                    .addKeyValue("key", prefix + name)
                    .addKeyValue("revision", key.getModRevision())
                    .addKeyValue("error", problem)
                    .log("a key in etcd makes no sense; nothing is taken from it");
        }
    }
}
