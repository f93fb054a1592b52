package io.kumki.dcs.etcd;

import static org.assertj.core.api.Assertions.assertThat;

import io.kumki.dcs.ClusterStore.Change;
import io.vertx.core.Context;
import io.vertx.core.Vertx;
import java.net.URI;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** The watch outlives whatever ends or silences its stream. */
class EtcdWatchIT {

    private static EtcdProcess etcd;
    private static Vertx vertx;
    private static int clusters;

    private final String scope = "watch" + clusters++;
    private final List<EtcdClusterStore> opened = new ArrayList<>();

    @BeforeAll
    static void start() {
        etcd = EtcdProcess.single();
        vertx = StoreTests.vertx();
    }

    @AfterAll
    static void end() {
        StoreTests.await(vertx.close());
        etcd.close();
    }

    @AfterEach
    void closeClients() {
        opened.forEach(store -> StoreTests.await(store.close()));
    }

    @Test
    void a_watch_that_etcd_cancels_because_of_compaction_starts_anew() {
        EtcdClusterStore store = open(etcd.endpoint(0));
        StoreTests.await(store.read());
        putAndCompact();

        List<Change> changes = StoreTests.watch(store);

        awaitChange(changes, Change.ANY);
        stillWatches(changes);
    }

    @Test
    void compaction_while_the_connection_is_cut_is_told_as_a_gap() {
        try (UnreliableProxy proxy = new UnreliableProxy(etcd.endpoint(0))) {
            EtcdClusterStore store = open(proxy.endpoint());
            List<Change> changes = watching(store);
            proxy.cut(true);
            putAndCompact();
            assertThat(changes).doesNotContain(Change.CONFIG);

            proxy.cut(false);

            awaitChange(changes, Change.ANY);
            stillWatches(changes);
        }
    }

    @Test
    void a_silent_stream_is_noticed_although_its_connection_lives() {
        try (UnreliableProxy proxy = new UnreliableProxy(etcd.endpoint(0))) {
            EtcdClusterStore store = open(proxy.endpoint(), etcd.endpoint(0));
            List<Change> changes = watching(store);
            proxy.loseAnswers(true);

            awaitChange(changes, Change.ANY);
            stillWatches(changes);
        }
    }

    @Test
    void the_watch_resumes_after_etcd_was_frozen() {
        EtcdClusterStore store = open(etcd.endpoint(0));
        List<Change> changes = watching(store);

        etcd.freeze(0);
        vertx.setTimer(9_000, _ -> etcd.thaw(0));

        awaitChange(changes, Change.ANY);
        stillWatches(changes);
    }

    @Test
    void the_watch_resumes_after_etcd_restarted() {
        EtcdClusterStore store = open(etcd.endpoint(0));
        List<Change> changes = watching(store);

        etcd.kill(0);
        etcd.restart(0);

        awaitChange(changes, Change.ANY);
        stillWatches(changes);
    }

    @Test
    void the_listener_is_called_on_the_context_that_asked_for_the_watch() {
        EtcdClusterStore store = open(etcd.endpoint(0));
        Context caller = vertx.getOrCreateContext();
        AtomicBoolean onCaller = new AtomicBoolean();
        caller.runOnContext(_ ->
                store.read()
                        .onSuccess(_ ->
                                store.watch((_, _) ->
                                        onCaller.set(caller.equals(Vertx.currentContext())))));
        Awaitility.await()
                .atMost(Duration.ofSeconds(10))
                .until(() -> {
                    put("config");
                    return onCaller.get();
                });
    }

    private List<Change> watching(EtcdClusterStore store) {
        StoreTests.await(store.read());
        List<Change> changes = StoreTests.watch(store);
        stillWatches(changes);
        changes.clear();
        return changes;
    }

    /** A change that is made now is told. */
    private void stillWatches(List<Change> changes) {
        changes.clear();
        Awaitility.await()
                .atMost(Duration.ofSeconds(10))
                .pollInterval(Duration.ofMillis(200))
                .until(() -> {
                    put("sync");
                    return changes.contains(Change.SYNC);
                });
    }

    private static void awaitChange(List<Change> changes, Change change) {
        Awaitility.await()
                .atMost(Duration.ofSeconds(20))
                .untilAsserted(() -> assertThat(changes).contains(change));
    }

    private void put(String key) {
        etcd.ctl("put", "/service/" + scope + "/" + key, "{}");
    }

    private void putAndCompact() {
        put("config");
        put("config");
        String fields = etcd.ctl("get", "/service/" + scope + "/config", "-w", "fields");
        String revision =
                fields.lines()
                        .filter(line -> line.startsWith("\"Revision\""))
                        .findFirst()
                        .orElseThrow()
                        .replaceAll("[^0-9]", "");
        etcd.ctl("compact", revision);
    }

    private EtcdClusterStore open(URI... endpoints) {
        EtcdClusterStore store = StoreTests.open(vertx, scope, List.of(endpoints));
        opened.add(store);
        return store;
    }
}
