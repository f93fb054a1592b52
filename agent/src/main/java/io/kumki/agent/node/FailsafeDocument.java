package io.kumki.agent.node;

import io.kumki.agent.node.Peers.FailsafeReply;
import io.kumki.dcs.cluster.LenientValues;
import io.kumki.dcs.cluster.Lsn;
import io.kumki.dcs.json.JsonText;
import io.kumki.restapi.NodeControl.FailsafeCall;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** The wire form of {@code POST /failsafe}, as the one who asks sees it. */
final class FailsafeDocument {

    private FailsafeDocument() {}

    static String write(FailsafeCall call) {
        Map<String, Object> body = new LinkedHashMap<>();
        body.put("name", call.name().value());
        body.put("conn_url", call.connUrl());
        body.put("api_url", call.apiUrl());
        call.slots()
                .ifPresent(slots -> {
                    Map<String, Object> positions = new LinkedHashMap<>();
                    slots.forEach((slot, lsn) -> positions.put(slot, lsn.bytes()));
                    body.put("slots", positions);
                });
        return JsonText.write(body);
    }

    /**
     * Agreed is status 200 and the text {@code Accepted}, nothing else. The header {@code
     * promised-ms} is ours; other agents promise a {@code ttl} without saying so.
     */
    static FailsafeReply reply(
            int status, String body, Function<String, @Nullable String> headers) {
        if (status != 200 || !body.equals("Accepted")) {
            String text = body.length() > 100 ? body.substring(0, 100) : body;
            return new FailsafeReply.Refused("it answered " + status + " " + text.strip());
        }
        return new FailsafeReply.Agreed(
                number(headers.apply("lsn")).map(Lsn::new),
                number(headers.apply("promised-ms")).map(Duration::ofMillis));
    }

    private static Optional<Long> number(@Nullable String header) {
        OptionalLong number = LenientValues.integer(header);
        return number.isPresent() && number.getAsLong() > 0
                ? Optional.of(number.getAsLong())
                : Optional.empty();
    }
}
