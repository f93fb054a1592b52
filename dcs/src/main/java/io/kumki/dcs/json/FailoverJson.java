package io.kumki.dcs.json;

import io.kumki.dcs.cluster.FailoverRequest;
import io.kumki.dcs.cluster.MemberName;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;

/** {@code failover} (contract {@code dcs.md} 4.3). */
public final class FailoverJson {

    private FailoverJson() {}

    /** The request as text; <code>{}</code> if it asks for nothing. */
    public static String write(FailoverRequest request) {
        Map<String, String> fields = new LinkedHashMap<>();
        if (request.present()) {
            request.leader().ifPresent(name -> fields.put("leader", name.value()));
            request.candidate().ifPresent(name -> fields.put("member", name.value()));
            request.scheduledAt().ifPresent(time -> fields.put("scheduled_at", time));
        }
        return JsonText.write(fields);
    }

    /** Reads a request, also in its older form {@code leader:candidate}. */
    public static Parsed<FailoverRequest> read(String text, long modRevision) {
        FailoverRequest none =
                new FailoverRequest(
                        Optional.empty(), Optional.empty(), Optional.empty(), modRevision);
        try {
            if (!(JsonText.parse(text) instanceof Map<?, ?> object)) {
                return Parsed.poor(none, "not a JSON object: " + Fields.quoted(text));
            }
            Fields fields = new Fields(object, new ArrayList<>());
            FailoverRequest request =
                    new FailoverRequest(
                            fields.memberName("leader"),
                            fields.memberName("member"),
                            fields.text("scheduled_at"),
                            modRevision);
            // a name that can't be read must not turn a request into a wider one
            return request.present() && fields.problems().isEmpty()
                    ? Parsed.fine(request)
                    : new Parsed<>(none, fields.problems());
        } catch (IllegalArgumentException notJson) {
            return older(text, none);
        }
    }

    private static Parsed<FailoverRequest> older(String text, FailoverRequest none) {
        String[] names = text.split(":", -1);
        if (names.length != 2
                || text.indexOf('/') >= 0
                || text.matches("(?s).*[{}\"\\[\\]\\n].*")) {
            return Parsed.poor(none, "neither JSON nor leader:candidate: " + Fields.quoted(text));
        }
        return Parsed.fine(
                new FailoverRequest(
                        name(names[0]), name(names[1]), Optional.empty(), none.modRevision()));
    }

    private static Optional<MemberName> name(String text) {
        return text.isBlank() ? Optional.empty() : Optional.of(new MemberName(text.strip()));
    }
}
