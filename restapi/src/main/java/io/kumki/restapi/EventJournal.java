package io.kumki.restapi;

import io.kumki.dcs.cluster.ClusterView;
import io.kumki.dcs.cluster.Leadership;
import io.kumki.dcs.cluster.MemberName;
import io.vertx.core.buffer.Buffer;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicReferenceArray;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * The last events of this node, numbered without gaps. One thread adds, any number read; nobody
 * waits for anybody, so whoever adds is never held up.
 *
 * <p>An id is {@code EPOCH-NUMBER}: the numbers begin anew with each start of the agent, whose
 * epoch says which start it was, so an id of an earlier start is never taken for one of this.
 */
public final class EventJournal {

    /** How many are kept: a failover makes about thirty, and one takes up to a kilobyte. */
    public static final int CAPACITY = 500;

    private static final Pattern ID = Pattern.compile("(\\d{1,18})-(\\d{1,18})");

    private final String node;
    private final long epoch;
    private final AtomicReferenceArray<@Nullable Entry> ring = new AtomicReferenceArray<>(CAPACITY);
    private volatile long last;
    private final List<Runnable> listeners = new CopyOnWriteArrayList<>();
    private @Nullable NodeSnapshot before;
    private Map<MemberName, Map<String, @Nullable Object>> members = new LinkedHashMap<>();

    /**
     * @param node whose journal it is
     * @param started when the agent began, never twice the same for one node
     */
    public EventJournal(String node, Instant started) {
        this.node = node;
        this.epoch = started.toEpochMilli();
    }

    /** An event with its number, and its bytes once somebody wanted them. */
    private static final class Entry {
        final long number;
        final Instant time;
        final NodeEvent event;
        volatile @Nullable Buffer wire;

        Entry(long number, Instant time, NodeEvent event) {
            this.number = number;
            this.time = time;
            this.event = event;
        }
    }

    /** On one thread only. */
    public void add(Instant time, NodeEvent event) {
        long number = last + 1;
        ring.set(slot(number), new Entry(number, time, event));
        last = number;
        listeners.forEach(Runnable::run);
    }

    /** Adds what differs from the snapshot before; on the thread that adds. */
    public void published(Instant time, NodeSnapshot now) {
        NodeSnapshot old = before;
        before = now;
        if (old == null) {
            old = now.withCluster(Optional.empty());
        }
        if (!old.server().role().equals(now.server().role())) {
            add(time, new NodeEvent.RoleChanged(now.server().role(), old.server().role()));
        }
        if (!old.server().state().equals(now.server().state())) {
            add(time, new NodeEvent.StateChanged(now.server().state(), old.server().state()));
        }
        leader(time, old, now);
        now.cluster().ifPresent(cluster -> members(time, now, cluster.view()));
    }

    private void leader(Instant time, NodeSnapshot old, NodeSnapshot now) {
        Optional<String> was = leader(old);
        Optional<String> is = leader(now);
        if (!was.equals(is) || knowsLeader(old) != knowsLeader(now)) {
            add(time, new NodeEvent.LeaderChanged(is, was, knowsLeader(now)));
        }
    }

    private static Optional<String> leader(NodeSnapshot node) {
        return node.cluster().flatMap(cached -> cached.view().leader()).map(MemberName::value);
    }

    private static boolean knowsLeader(NodeSnapshot node) {
        return node.cluster()
                .filter(cached -> !(cached.view().leadership() instanceof Leadership.Unknown))
                .isPresent();
    }

    private void members(Instant time, NodeSnapshot node, ClusterView view) {
        Map<MemberName, Map<String, @Nullable Object>> now =
                ClusterDocument.standing(view, node.settings());
        members.keySet().stream()
                .filter(name -> !now.containsKey(name))
                .forEach(name ->
                        add(
                                time,
                                new NodeEvent.MemberChanged(
                                        NodeEvent.Membership.LEFT, Map.of("name", name.value()))));
        for (Map.Entry<MemberName, Map<String, @Nullable Object>> entry : now.entrySet()) {
            Map<String, @Nullable Object> member = entry.getValue();
            Map<String, @Nullable Object> old = members.get(entry.getKey());
            if (old == null) {
                add(time, new NodeEvent.MemberChanged(NodeEvent.Membership.JOINED, member));
            } else if (!old.equals(member)) {
                add(time, new NodeEvent.MemberChanged(NodeEvent.Membership.CHANGED, member));
            }
        }
        members = now;
    }

    /** The newest number; 0 before the first event. */
    long last() {
        return last;
    }

    /** {@code listener} is told of each new event, on the thread that adds: it mustn't throw. */
    void listen(Runnable listener) {
        listeners.add(listener);
    }

    void forget(Runnable listener) {
        listeners.remove(listener);
    }

    /** The bytes of an event, as a server-sent one; empty if it has fallen out. */
    Optional<Buffer> wire(long number) {
        Entry entry = number < 1 ? null : ring.get(slot(number));
        if (entry == null || entry.number != number) {
            return Optional.empty();
        }
        Buffer wire = entry.wire;
        if (wire == null) {
            wire = text(number, entry.time, entry.event.type(), entry.event.fields());
            entry.wire = wire;
        }
        return Optional.of(wire);
    }

    /** A server-sent event that stands after the event {@code number}. */
    Buffer text(long number, Instant time, String type, Map<String, @Nullable Object> fields) {
        Map<String, @Nullable Object> data = new LinkedHashMap<>();
        data.put("id", id(number));
        data.put("time", time.toString());
        data.put("node", node);
        data.putAll(fields);
        return Buffer.buffer("id: " + id(number) + "\nevent: " + type + "\ndata: ")
                .appendBuffer(Json.write(data))
                .appendBytes("\n\n".getBytes(StandardCharsets.US_ASCII));
    }

    String id(long number) {
        return epoch + "-" + number;
    }

    /** From where somebody goes on. */
    sealed interface Position {
        /** The event after the last one that was seen is the next. */
        record After(long number) implements Position {}

        /** Nothing to go on from. */
        record Lost(String reason) implements Position {}
    }

    /**
     * @param lastEventId of the last event that was seen; empty for who has seen none
     */
    Position position(String lastEventId) {
        if (lastEventId.isEmpty()) {
            return new Position.Lost("first");
        }
        Matcher matcher = ID.matcher(lastEventId);
        if (!matcher.matches()) {
            return new Position.Lost("unknown");
        }
        if (Long.parseLong(matcher.group(1)) != epoch) {
            return new Position.Lost("restarted");
        }
        long number = Long.parseLong(matcher.group(2));
        long newest = last;
        if (number > newest) {
            return new Position.Lost("unknown");
        }
        return newest - number > CAPACITY
                ? new Position.Lost("too-old")
                : new Position.After(number);
    }

    private static int slot(long number) {
        return (int) (number % CAPACITY);
    }
}
