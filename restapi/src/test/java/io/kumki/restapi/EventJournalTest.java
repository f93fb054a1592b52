package io.kumki.restapi;

import static org.assertj.core.api.Assertions.assertThat;

import io.kumki.dcs.cluster.ClusterView;
import io.kumki.dcs.cluster.Leadership;
import io.kumki.dcs.cluster.Lsn;
import io.kumki.restapi.EventJournal.Position;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Which changes become events, and which events are kept. */
@Timeout(20)
class EventJournalTest {

    private static final Instant NOW = Api.NOW;

    private final EventJournal journal = new EventJournal("n2", NOW);
    private long read;

    @Test
    void theFirstLookTellsTheLeaderAndTheMembers() {
        assertThat(after(Nodes.standby()))
                .containsExactly(
                        "leader {leader=n1, before=null, known=true}",
                        "member joined n1",
                        "member joined n2");
    }

    @Test
    void theSameAgainIsNoEvent() {
        after(Nodes.standby());
        assertThat(after(Nodes.standby())).isEmpty();
        ClusterView further =
                Nodes.withMembers(
                        Nodes.cluster(),
                        Nodes.member(Nodes.N1, "primary", Optional.of(new Lsn(2_000_000))),
                        Nodes.member(Nodes.N2, "replica", Optional.of(new Lsn(1_900_000))));
        assertThat(after(Nodes.with(Nodes.standby(), Optional.of(further))))
                .as("positions move all the time")
                .isEmpty();
    }

    @Test
    void aPromotionTellsLeaderAndRole() {
        after(Nodes.standby());
        ClusterView vacant = Nodes.led(Nodes.cluster(), Optional.empty());
        assertThat(after(Nodes.with(Nodes.standby(), Optional.of(vacant))))
                .containsExactly(
                        "leader {leader=null, before=n1, known=true}", "member changed n1");
        ClusterView mine = Nodes.led(Nodes.cluster(), Optional.of(Nodes.N2));
        NodeSnapshot primary =
                Nodes.with(
                        Nodes.with(Nodes.standby(), Optional.of(mine)),
                        Nodes.server("running", "primary", Optional.empty()));
        assertThat(after(primary))
                .containsExactly(
                        "role {role=primary, before=replica}",
                        "leader {leader=n2, before=null, known=true}",
                        "member changed n2");
    }

    @Test
    void aServerThatEndsTellsItsState() {
        after(Nodes.leader());
        assertThat(
                        after(
                                Nodes.with(
                                        Nodes.leader(),
                                        Nodes.server("crashed", "primary", Optional.empty()))))
                .containsExactly("state {state=crashed, before=running}");
    }

    @Test
    void aSilentStoreIsNoVacantOne() {
        after(Nodes.standby());
        assertThat(after(Nodes.with(Nodes.standby(), Optional.<ClusterView>empty())))
                .containsExactly("leader {leader=null, before=n1, known=false}");
        ClusterView unknown =
                Nodes.cluster().withLeadership(new Leadership.Unknown("no answer", false));
        assertThat(after(Nodes.with(Nodes.standby(), Optional.of(unknown))))
                .as("members aren't told anew")
                .containsExactly("member changed n1");
        assertThat(after(Nodes.standby()))
                .containsExactly(
                        "leader {leader=n1, before=null, known=true}", "member changed n1");
    }

    @Test
    void membersComeAndGo() {
        after(Nodes.standby());
        ClusterView other =
                Nodes.withMembers(
                        Nodes.cluster(),
                        Nodes.member(Nodes.N2, "replica", Optional.empty()),
                        Nodes.member(Nodes.N3, "replica", Optional.empty()));
        assertThat(after(Nodes.with(Nodes.standby(), Optional.of(other))))
                .containsExactly("member left n1", "member joined n3");
    }

    @Test
    void onlyTheLastAreKept() {
        for (int i = 1; i <= EventJournal.CAPACITY + 5; i++) {
            journal.add(NOW, new NodeEvent.OperationBegan("restart"));
        }
        assertThat(journal.last()).isEqualTo(EventJournal.CAPACITY + 5);
        assertThat(journal.wire(5)).isEmpty();
        assertThat(journal.wire(6)).isPresent();
        assertThat(journal.wire(journal.last() + 1)).isEmpty();
        assertThat(journal.wire(0)).isEmpty();
        assertThat(journal.position(journal.id(5))).isEqualTo(new Position.After(5));
        assertThat(journal.position(journal.id(4))).isEqualTo(new Position.Lost("too-old"));
    }

    @Test
    void anIdOfAnotherStartOrOfNobodyIsNoPlaceToGoOnFrom() {
        journal.add(NOW, new NodeEvent.OperationBegan("restart"));
        assertThat(journal.position("")).isEqualTo(new Position.Lost("first"));
        assertThat(journal.position(journal.id(1))).isEqualTo(new Position.After(1));
        assertThat(journal.position(journal.id(0))).isEqualTo(new Position.After(0));
        assertThat(journal.position(journal.id(2))).isEqualTo(new Position.Lost("unknown"));
        assertThat(journal.position("1-1")).isEqualTo(new Position.Lost("restarted"));
        for (String odd : List.of("7", "a-b", "-1--1", "1-99999999999999999999", " ")) {
            assertThat(journal.position(odd)).isEqualTo(new Position.Lost("unknown"));
        }
    }

    /** Whatever others wrote into the store, an event is three lines. */
    @Test
    void noTextBreaksTheFrame() {
        journal.add(
                NOW,
                new NodeEvent.OperationEnded(
                        "x", "failed: a\n\nid: 7\r\u2028ü", java.time.Duration.ofMillis(12)));
        assertThat(journal.wire(1).orElseThrow().toString())
                .isEqualTo(
                        "id: 1782907200000-1\nevent: operation-end\ndata: "
                                + "{\"id\": \"1782907200000-1\", \"time\": \"2026-07-01T12:00:00Z\", "
                                + "\"node\": \"n2\", \"operation\": \"x\", \"outcome\": "
                                + "\"failed: a\\n\\nid: 7\\r\\u2028\\u00FC\", \"took_ms\": 12}\n\n");
    }

    private List<String> after(NodeSnapshot node) {
        journal.published(NOW, node);
        List<String> events = new ArrayList<>();
        for (; read < journal.last(); read++) {
            events.add(told(journal.wire(read + 1).orElseThrow()));
        }
        return events;
    }

    private static String told(io.vertx.core.buffer.Buffer wire) {
        String[] lines = wire.toString().split("\n", -1);
        var data =
                Json.object(
                                io.vertx.core.buffer.Buffer.buffer(
                                        lines[2].substring("data: ".length())))
                        .orElseThrow();
        data.keySet().removeAll(List.of("id", "time", "node"));
        String type = lines[1].substring("event: ".length());
        return type.equals("member") && data.get("member") instanceof Map<?, ?> member
                ? "member " + data.get("change") + " " + member.get("name")
                : type + " " + data;
    }
}
