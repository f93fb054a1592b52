package io.kumki.restapi;

import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * A leader's right to lead.
 *
 * @param left until it ends, unless it is renewed; by the leader's own reckoning
 * @param ttl its whole length
 */
public record Lease(Duration left, Duration ttl) {

    Map<String, Object> fields() {
        Map<String, Object> fields = new LinkedHashMap<>();
        fields.put("left_ms", left.toMillis());
        fields.put("ttl", ttl.toSeconds());
        return fields;
    }
}
