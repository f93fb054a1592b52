package io.kumki.agent.node;

import io.kumki.agent.ha.PeerAnswer;
import io.kumki.dcs.cluster.Lsn;
import io.kumki.dcs.cluster.Tags;
import io.kumki.restapi.Lease;
import io.vertx.core.json.DecodeException;
import io.vertx.core.json.JsonObject;
import java.time.Duration;
import java.util.Optional;
import java.util.SortedSet;
import java.util.TreeSet;

/**
 * Reads another member's status document, as an election needs it. It is outside input: nonsense
 * means unreachable.
 */
final class PeerDocument {

    private PeerDocument() {}

    static PeerAnswer read(String body) {
        try {
            return read(new JsonObject(body));
        } catch (DecodeException noJson) {
            return new PeerAnswer.Unreachable("its answer is no JSON object");
        } catch (RuntimeException nonsense) {
            return new PeerAnswer.Unreachable("a value in its answer makes no sense");
        }
    }

    /** Of a leader that tells it; empty if it is nonsense. */
    static Optional<Lease> lease(String body) {
        try {
            JsonObject lease = new JsonObject(body).getJsonObject("lease");
            if (lease == null) {
                return Optional.empty();
            }
            Duration ttl = Duration.ofSeconds(lease.getLong("ttl"));
            Duration left = Duration.ofMillis(lease.getLong("left_ms"));
            return left.isNegative() || left.compareTo(ttl) > 0
                    ? Optional.empty()
                    : Optional.of(new Lease(left, ttl));
        } catch (RuntimeException nonsense) {
            return Optional.empty();
        }
    }

    private static PeerAnswer read(JsonObject document) {
        String state = document.getString("state", "");
        String role = document.getString("role", "");
        JsonObject wal = document.getJsonObject("wal", document.getJsonObject("xlog"));
        if (wal == null) {
            return new PeerAnswer.NoPosition(state, role);
        }
        boolean primary =
                role.equals("primary") || role.equals("master") || wal.getLong("location", 0L) != 0;
        Long received = wal.getLong("received_location");
        Long replayed = wal.getLong("replayed_location");
        if (!primary && received == null && replayed == null) {
            return new PeerAnswer.NoPosition(state, role);
        }
        long position =
                primary
                        ? 0
                        : Math.max(
                                received == null ? 0 : received, replayed == null ? 0 : replayed);
        Integer timeline = document.getInteger("timeline");
        return new PeerAnswer.Reached(
                primary,
                state,
                new Lsn(position),
                timeline == null ? 0 : timeline,
                Tags.of(scalars(document.getJsonObject("tags", new JsonObject()))),
                document.getBoolean("watchdog_failed", false),
                ready(document.getJsonObject("logical_slots_ready", new JsonObject())),
                wal.getBoolean("received_since_start", false),
                Optional.ofNullable(document.getString("impaired")));
    }

    private static SortedSet<String> ready(JsonObject slots) {
        SortedSet<String> ready = new TreeSet<>();
        for (var slot : slots) {
            if (Boolean.TRUE.equals(slot.getValue())) {
                ready.add(slot.getKey());
            }
        }
        return ready;
    }

    private static java.util.Map<String, Object> scalars(JsonObject tags) {
        java.util.Map<String, Object> scalars = new java.util.TreeMap<>();
        for (var tag : tags) {
            if (tag.getValue() != null) {
                scalars.put(tag.getKey(), tag.getValue());
            }
        }
        return scalars;
    }
}
