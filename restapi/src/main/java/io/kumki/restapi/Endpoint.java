package io.kumki.restapi;

import io.vertx.core.Future;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * A method on a first path segment that has a handler of its own.
 *
 * @param before looked at after access and before the body
 * @param handler may throw or fail with {@link Refusal}
 */
record Endpoint(
        Protection protection,
        Body body,
        Load load,
        Supplier<Optional<Answer>> before,
        Function<Call, Future<Answer>> handler) {

    /**
     * What a handler gets; the body is empty if the request had none.
     *
     * @param accept the header of that name, empty without
     * @param lastEventId the header of that name, empty without
     */
    record Call(
            Query query, Map<String, @Nullable Object> body, String accept, String lastEventId) {}

    enum Protection {
        OPEN,
        PROTECTED,
        /** As protected, but membership gives no right: the store may be down. */
        FAILSAFE
    }

    enum Body {
        NONE,
        OPTIONAL,
        REQUIRED
    }

    /** Whether requests are counted, because they take long. */
    enum Load {
        MEMORY,
        COUNTED
    }

    static Endpoint open(Function<Call, Future<Answer>> handler) {
        return new Endpoint(Protection.OPEN, Body.NONE, Load.MEMORY, Optional::empty, handler);
    }

    static Endpoint unsafe(Body body, Function<Call, Future<Answer>> handler) {
        return new Endpoint(Protection.PROTECTED, body, Load.COUNTED, Optional::empty, handler);
    }

    /** Done at once, so it needs no place among those that wait. */
    Endpoint uncounted() {
        return new Endpoint(protection, body, Load.MEMORY, before, handler);
    }

    Endpoint counted() {
        return new Endpoint(protection, body, Load.COUNTED, before, handler);
    }
}
