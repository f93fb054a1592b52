package io.kumki.restapi;

import io.kumki.dcs.cluster.MemberName;
import java.time.Instant;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Body of {@code POST /switchover} and {@code /failover}.
 *
 * @param leader present makes it a switchover, whatever the path
 * @param scheduledAt as given; null without
 */
record FailoverWish(
        Optional<String> leader, Optional<String> candidate, @Nullable Object scheduledAt) {

    static FailoverWish parse(Map<String, @Nullable Object> body) {
        Object at = body.get("scheduled_at");
        return new FailoverWish(
                FailoverHandler.string(body, "leader"),
                FailoverHandler.string(body, "candidate")
                        .or(() -> FailoverHandler.string(body, "member")),
                "".equals(at) ? null : at);
    }

    /**
     * The checks that need no look at the cluster, in the contract's order.
     *
     * @return the time to do it at, as it is stored; empty: now
     */
    Optional<String> check(boolean failover, boolean paused, Instant now) {
        if (failover && candidate.isEmpty()) {
            throw Refusal.text(400, "Failover could be performed only to a specific candidate");
        }
        if (!failover && leader.isEmpty()) {
            throw Refusal.text(400, "Switchover could be performed only from a specific leader");
        }
        Optional<String> at = Optional.empty();
        if (scheduledAt != null) {
            if (failover) {
                throw Refusal.text(400, "Failover can't be scheduled");
            }
            if (paused) {
                throw Refusal.text(400, "Can't schedule switchover in the paused state");
            }
            at = Optional.of(schedule(scheduledAt, "switchover", now));
        }
        if (paused && candidate.isEmpty()) {
            throw Refusal.text(
                    400, "Switchover is possible only to a specific candidate in a paused state");
        }
        if (leader.isPresent() && leader.equals(candidate)) {
            throw Refusal.text(400, "Switchover target and source are the same");
        }
        if (leader.isPresent() && leaderName().isEmpty()) {
            throw Refusal.text(412, "leader name does not match");
        }
        if (candidate.isPresent() && candidateName().isEmpty()) {
            throw Refusal.text(412, CandidateCheck.NO_SUCH_CANDIDATE);
        }
        return at;
    }

    /** A time for later, in the form in which it is stored. */
    static String schedule(@Nullable Object given, String action, Instant now) {
        return switch (WireTime.parse(given)) {
            case WireTime.Given.NoZone _ ->
                    throw Refusal.text(
                            400, "Timezone information is mandatory for the scheduled " + action);
            case WireTime.Given.Unreadable _ ->
                    throw Refusal.text(
                            422,
                            "Unable to parse scheduled timestamp. It should be in an unambiguous"
                                    + " format, e.g. ISO 8601");
            case WireTime.Given.At(var time) -> {
                if (time.toInstant().isBefore(now)) {
                    throw Refusal.text(422, "Cannot schedule " + action + " in the past");
                }
                yield WireTime.iso(time);
            }
        };
    }

    Optional<MemberName> leaderName() {
        return leader.flatMap(FailoverWish::name);
    }

    Optional<MemberName> candidateName() {
        return candidate.flatMap(FailoverWish::name);
    }

    /** Empty for a text that no member can be named by. */
    private static Optional<MemberName> name(String text) {
        return text.isBlank() || text.indexOf('/') >= 0
                ? Optional.empty()
                : Optional.of(new MemberName(text));
    }
}
