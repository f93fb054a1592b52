package io.kumki.dcs.cluster;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * The dynamic configuration as stored: a JSON object as nested maps, lists and scalars, with every
 * unknown key kept.
 *
 * @param values nested {@code Map<String, Object>}, {@code List<Object>}, String, Number, Boolean;
 *     nulls possible
 * @param modRevision the key's revision; the same revision means the same content
 */
public record DynamicConfig(Map<String, Object> values, long modRevision) {

    public DynamicConfig {
        values = Collections.unmodifiableMap(new LinkedHashMap<>(values));
    }
}
