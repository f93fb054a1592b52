package io.kumki.agent.node;

import static org.assertj.core.api.Assertions.assertThat;

import io.kumki.agent.ha.IgnoredSlot;
import io.kumki.agent.ha.PermanentSlot;
import io.kumki.agent.ha.PermanentSlot.Where;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** How slots stand in the dynamic configuration. */
@Timeout(10)
class SlotDefinitionsTest {

    @Test
    void anEmptyOnePhysicalAndOneWithDatabaseAndPluginLogical() {
        Map<String, Object> slots = new LinkedHashMap<>();
        slots.put("plain", null);
        slots.put("there", Map.of("type", "physical", "cluster_type", "standby"));
        slots.put("feed", Map.of("database", "app", "plugin", "pgoutput"));
        var read = SlotDefinitions.read(Map.of("slots", slots), true);
        assertThat(read.problems()).isEmpty();
        assertThat(read.policy().permanent())
                .containsEntry("plain", new PermanentSlot.Physical(Where.ANY))
                .containsEntry("there", new PermanentSlot.Physical(Where.STANDBY_CLUSTER))
                .containsEntry("feed", new PermanentSlot.Logical("app", "pgoutput"));
    }

    @Test
    void wrongOnesAreNamedAndSkippedAndDontStopTheOthers() {
        Map<String, Object> slots =
                Map.of(
                        "Bad-Name", Map.of("type", "physical"),
                        "half", Map.of("type", "logical", "database", "app"),
                        "odd", Map.of("type", "temporary"),
                        "text", "physical",
                        "good", Map.of("type", "physical"));
        var read = SlotDefinitions.read(Map.of("slots", slots, "ignore_slots", "x"), true);
        assertThat(read.policy().permanent()).containsOnlyKeys("good");
        assertThat(read.problems())
                .hasSize(5)
                .anyMatch(text -> text.startsWith("slots.Bad-Name: "))
                .anyMatch(text -> text.startsWith("slots.half: ") && text.contains("plugin"))
                .anyMatch(text -> text.startsWith("slots.odd.type: temporary "))
                .anyMatch(text -> text.startsWith("slots.text: physical "))
                .anyMatch(text -> text.startsWith("ignore_slots: x "));
    }

    /** Whoever wrote it means slots that can't be told now. */
    @Test
    void aSectionOfTheWrongFormLeavesEverySlotAlone() {
        Optional<String> any = Optional.empty();
        for (Map<String, Object> wrong :
                List.of(
                        Map.<String, Object>of("slots", List.of("feed")),
                        Map.<String, Object>of("ignore_slots", Map.of("name", "feed")))) {
            var read = SlotDefinitions.read(wrong, true);
            assertThat(read.problems()).singleElement().asString().contains("no slot is dropped");
            assertThat(read.policy().ignored())
                    .containsExactly(new IgnoredSlot(any, any, any, any));
        }
        assertThat(SlotDefinitions.read(Map.of(), true).policy().ignored()).isEmpty();
    }

    @Test
    void typosOfIgnoredSlotsAreNamedAndNeverMakeASlotUnprotected() {
        var read =
                SlotDefinitions.read(
                        Map.of(
                                "ignore_slots",
                                List.of(
                                        Map.of("name", "a", "plugn", "pgoutput"),
                                        Map.of("name", "b", "type", "logicl"),
                                        Map.of("name", List.of("c"), "database", "app"),
                                        Map.of("nmae", "d"),
                                        "e",
                                        Map.of("name", "f", "type", "logical"))),
                        true);
        assertThat(read.problems())
                .containsExactly(
                        "ignore_slots[0].plugn: pgoutput is skipped: allowed are name, type, database, plugin",
                        "ignore_slots[1].type: logicl is skipped: allowed are physical, logical",
                        "ignore_slots[2].name: [c] is skipped: expected text",
                        "ignore_slots[3].nmae: d is skipped: allowed are name, type, database, plugin",
                        "ignore_slots[3]: {nmae=d} has no condition that can be used, so it matches every slot"
                                + " and none is dropped: give it name, type, database, plugin",
                        "ignore_slots[4]: e is skipped: each element is a mapping with name, type, database,"
                                + " plugin");
        assertThat(read.policy().ignored())
                .containsExactly(
                        ignored("a", null, null),
                        ignored("b", null, null),
                        ignored(null, null, "app"),
                        ignored(null, null, null),
                        ignored("f", "logical", null));
    }

    private static IgnoredSlot ignored(
            @Nullable String name, @Nullable String type, @Nullable String database) {
        return new IgnoredSlot(
                Optional.ofNullable(name),
                Optional.ofNullable(type),
                Optional.ofNullable(database),
                Optional.empty());
    }

    @Test
    void theOldestNameThatIsntEmptyIsTakenAlone() {
        var read =
                SlotDefinitions.read(
                        Map.of(
                                "slots", Map.of("a", Map.of()),
                                "permanent_slots", Map.of("b", Map.of()),
                                "permanent_replication_slots", Map.of(),
                                "ignore_slots", List.of(Map.of("name", "c"))),
                        true);
        assertThat(read.policy().permanent()).containsOnlyKeys("b");
        assertThat(read.policy().ignored()).hasSize(1);
    }
}
