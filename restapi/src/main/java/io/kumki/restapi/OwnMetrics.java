package io.kumki.restapi;

import io.kumki.dcs.cluster.Volumes;
import java.lang.management.GarbageCollectorMXBean;
import java.lang.management.ManagementFactory;
import java.lang.management.MemoryUsage;
import java.util.List;
import java.util.Locale;
import java.util.SortedMap;
import java.util.TreeMap;

/** The part of {@code GET /metrics} that is ours: {@code kumki_*}. */
final class OwnMetrics {

    private final MetricsText text;

    private OwnMetrics(MetricsText text) {
        this.text = text;
    }

    static void write(MetricsText text, Probes probes, LoopMetrics loop, RestMeter rest) {
        OwnMetrics metrics = new OwnMetrics(text);
        metrics.loop(loop);
        metrics.store(loop);
        metrics.lease(probes, loop);
        metrics.failover(loop);
        metrics.standby(probes);
        metrics.slots(loop);
        loop.watchdog().ifPresent(metrics::watchdog);
        metrics.condition(probes.node().condition());
        metrics.rest(rest);
        metrics.lag(loop, rest);
        metrics.jvm();
    }

    private void loop(LoopMetrics loop) {
        text.counter("kumki_loop_turns_total", "Turns of the loop", loop.turns());
        text.gauge(
                "kumki_loop_last_turn_seconds",
                "Duration of the last turn",
                MetricsText.seconds(loop.lastTurnNanos()));
        text.head("kumki_loop_turn_seconds", "histogram", "Duration of the loop's turns");
        text.histogram("kumki_loop_turn_seconds", "", loop.timings().turns());
        text.head("kumki_decisions_total", "counter", "Decisions of the loop by rule");
        loop.decisionsByRule()
                .forEach((rule, count) ->
                        text.sample(
                                "kumki_decisions_total",
                                MetricsText.label("rule", rule),
                                count.toString()));
    }

    private void store(LoopMetrics loop) {
        text.counter(
                "kumki_store_failures_total",
                "Reads and renewals that got no usable answer from the store",
                loop.storeFailures());
        text.head(
                "kumki_store_request_seconds",
                "histogram",
                "Time that the store took to answer the loop, or not to");
        loop.timings()
                .storeRequests()
                .forEach((request, times) ->
                        text.histogram(
                                "kumki_store_request_seconds",
                                MetricsText.label("request", request),
                                times));
    }

    private void lease(Probes probes, LoopMetrics loop) {
        text.gauge(
                "kumki_lease_left_seconds",
                "Time until the own lease ends, 0 without one",
                MetricsText.seconds(
                        probes.leads()
                                ? probes.node().leadership().validUntilNanos().orElseThrow()
                                        - probes.nowNanos()
                                : 0));
        if (loop.timings().lastRenewalNanos().isPresent()) {
            text.gauge(
                    "kumki_lease_renewal_age_seconds",
                    "Time since the last good renewal of this member's lease was sent",
                    MetricsText.seconds(
                            Math.max(
                                    0,
                                    probes.nowNanos()
                                            - loop.timings().lastRenewalNanos().getAsLong())));
        }
        text.gauge(
                "kumki_lease_left_at_renewal_seconds",
                "Lease that was left when its last renewal was sent, 0 without one",
                MetricsText.seconds(loop.leaseLeftNanos().orElse(0)));
        text.head(
                "kumki_lease_budget_seconds",
                "histogram",
                "Lease that was left when the leader sent a renewal");
        text.histogram("kumki_lease_budget_seconds", "", loop.timings().leaseBudget());
    }

    private void failover(LoopMetrics loop) {
        text.head(
                "kumki_failover_phase_seconds",
                "histogram",
                "Changes of leader that this member won: from the last sight of a leader to"
                        + " detected, from there to elected, promoted, writable");
        loop.timings()
                .failoverPhases()
                .forEach((phase, times) ->
                        text.histogram(
                                "kumki_failover_phase_seconds",
                                MetricsText.label("phase", phase),
                                times));
    }

    private void standby(Probes probes) {
        NodeSnapshot.ServerStatus server = probes.node().server();
        text.gauge(
                "kumki_standby_stalled_seconds",
                "Time for which a standby has received and replayed nothing although its leader is"
                        + " ahead, 0 if it moves",
                MetricsText.seconds(server.standstill().map(s -> s.time().toNanos()).orElse(0L)));
        server.copying().ifPresent(this::copying);
    }

    private void copying(NodeSnapshot.CloneProgress copy) {
        String labels =
                MetricsText.label("method", copy.method())
                        + MetricsText.label("source", copy.source());
        text.head("kumki_clone_bytes", "gauge", "What a copy that is being made has by now");
        text.sample("kumki_clone_bytes", labels, "" + copy.bytes());
        if (copy.totalBytes().isPresent()) {
            text.head("kumki_clone_total_bytes", "gauge", "What the source of the copy has");
            text.sample("kumki_clone_total_bytes", labels, "" + copy.totalBytes().getAsLong());
        }
        text.head("kumki_clone_running_seconds", "gauge", "Time since the copy was begun");
        text.sample("kumki_clone_running_seconds", labels, "" + copy.seconds());
    }

    private void slots(LoopMetrics loop) {
        if (loop.slotsReady().isEmpty()) {
            return;
        }
        text.head(
                "kumki_slot_failover_ready",
                "gauge",
                "1 if a promotion now would lose nothing of this logical slot");
        loop.slotsReady()
                .forEach((slot, ready) ->
                        text.sample(
                                "kumki_slot_failover_ready",
                                MetricsText.label("slot", slot),
                                ready ? "1" : "0"));
    }

    private void condition(NodeSnapshot.Condition condition) {
        text.gauge(
                "kumki_multiple_primaries",
                "Members that are seen to be primaries at the same time, 0 if at most one is",
                "" + condition.primaries().size());
        text.gauge(
                "kumki_primary_crashes",
                "Crashes of the primary led by this member within crash_loop_window",
                "" + condition.crashes());
        SortedMap<String, Volumes.Volume> volumes = new TreeMap<>();
        condition.volumes().data().ifPresent(volume -> volumes.put("data", volume));
        condition.volumes().wal().ifPresent(volume -> volumes.put("wal", volume));
        if (volumes.isEmpty()) {
            return;
        }
        text.head("kumki_volume_free_bytes", "gauge", "What the server may still write");
        volumes.forEach((name, volume) ->
                ofVolume("kumki_volume_free_bytes", name, "" + volume.freeBytes()));
        text.head("kumki_volume_total_bytes", "gauge", "Size of the volume");
        volumes.forEach((name, volume) ->
                ofVolume("kumki_volume_total_bytes", name, "" + volume.totalBytes()));
        text.head(
                "kumki_volume_full_in_seconds",
                "gauge",
                "When nothing is free any more if it goes on as in the last minutes, +Inf if it"
                        + " doesn't fill up");
        volumes.forEach((name, volume) ->
                ofVolume(
                        "kumki_volume_full_in_seconds",
                        name,
                        volume.fullIn().map(time -> "" + time.toSeconds()).orElse("+Inf")));
    }

    private void ofVolume(String metric, String name, String value) {
        text.sample(metric, MetricsText.label("volume", name), value);
    }

    private void watchdog(WatchdogMetrics watchdog) {
        text.flag(
                "kumki_watchdog_armed",
                "1 if the machine's watchdog counts and is kept alive",
                watchdog.armed());
        text.gauge(
                "kumki_watchdog_timeout_seconds",
                "From a keep-alive to the reset of the machine, 0 while it isn't armed",
                "" + watchdog.timeoutSeconds());
        text.counter(
                "kumki_watchdog_failures_total",
                "Keep-alives that failed, and reasons for which the watchdog couldn't be armed",
                watchdog.failures());
    }

    private void rest(RestMeter rest) {
        text.gauge(
                "kumki_rest_connections",
                "Open connections of the REST API",
                "" + rest.connections());
        text.gauge(
                "kumki_rest_event_subscribers",
                "Connections that are told events",
                "" + rest.subscribers());
        text.gauge(
                "kumki_rest_waiting_reads",
                "Requests that wait until this node has replayed a position",
                "" + rest.waiters());
        text.head(
                "kumki_rest_connections_cut_total",
                "counter",
                "Connections that the REST API ended: silent for too long, pipelined requests,"
                        + " crowded out by newer ones, refused for lack of room, amid a"
                        + " handshake, too slow for their events");
        rest.cuts()
                .forEach((why, count) ->
                        text.sample(
                                "kumki_rest_connections_cut_total",
                                MetricsText.label("reason", why.name().toLowerCase(Locale.ROOT)),
                                count.toString()));
        text.counter(
                "kumki_rest_reopened_total",
                "How often the REST API gave no answer to itself and was opened anew",
                rest.timesReopened());
        text.counter(
                "kumki_rest_prepared_answers_total",
                "Probes that were answered before the HTTP layer, with prepared bytes",
                rest.prepared());
    }

    private void lag(LoopMetrics loop, RestMeter rest) {
        String name = "kumki_event_loop_lag_seconds";
        text.head(name, "histogram", "How late a thread ran a task that was due");
        text.histogram(name, MetricsText.label("loop", "ha"), loop.timings().lag());
        text.histogram(name, MetricsText.label("loop", "rest"), rest.lag().snapshot());
    }

    private void jvm() {
        MemoryUsage heap = ManagementFactory.getMemoryMXBean().getHeapMemoryUsage();
        MemoryUsage other = ManagementFactory.getMemoryMXBean().getNonHeapMemoryUsage();
        text.gauge("kumki_jvm_heap_used_bytes", "Java heap in use", "" + heap.getUsed());
        text.gauge("kumki_jvm_heap_max_bytes", "Limit of the Java heap", "" + heap.getMax());
        text.gauge(
                "kumki_jvm_nonheap_used_bytes",
                "Memory of the JVM outside the heap",
                "" + other.getUsed());
        text.gauge(
                "kumki_jvm_threads",
                "Platform threads",
                "" + ManagementFactory.getThreadMXBean().getThreadCount());
        List<GarbageCollectorMXBean> collectors = ManagementFactory.getGarbageCollectorMXBeans();
        text.counter(
                "kumki_jvm_gc_collections_total",
                "Garbage collections",
                collectors.stream().mapToLong(one -> Math.max(0, one.getCollectionCount())).sum());
        text.head("kumki_jvm_gc_seconds_total", "counter", "Time spent in garbage collections");
        text.sample(
                "kumki_jvm_gc_seconds_total",
                "",
                MetricsText.seconds(
                        1_000_000
                                * collectors.stream()
                                        .mapToLong(one -> Math.max(0, one.getCollectionTime()))
                                        .sum()));
    }
}
