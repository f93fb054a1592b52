package io.kumki.agent.ha;

import java.util.Optional;

/**
 * An element of {@code ignore_slots}: a slot with all that is given here is somebody else's and is
 * never dropped.
 *
 * @param type {@code physical} or {@code logical}
 */
public record IgnoredSlot(
        Optional<String> name,
        Optional<String> type,
        Optional<String> database,
        Optional<String> plugin) {

    boolean matches(LocalServer.Slot slot) {
        return name.filter(text -> !text.equals(slot.name())).isEmpty()
                && type.filter(text -> !text.equals(slot.logical() ? "logical" : "physical"))
                        .isEmpty()
                && database.filter(text -> !text.equals(slot.database())).isEmpty()
                && plugin.filter(text -> !text.equals(slot.plugin())).isEmpty();
    }
}
