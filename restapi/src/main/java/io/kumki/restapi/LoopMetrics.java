package io.kumki.restapi;

import java.util.Optional;
import java.util.OptionalLong;
import java.util.SortedMap;

/**
 * The loop's own counters.
 *
 * @param turns turns since start
 * @param lastTurnNanos duration of the last one
 * @param decisionsByRule decisions since start by rule name
 * @param storeFailures reads or renewals of the store that got no usable answer
 * @param leaseLeftNanos lease left when the last renewal was sent; empty if not leader
 * @param slotsReady logical slot of this standby to whether a promotion now would lose nothing of
 *     it
 * @param watchdog empty if it is switched off
 * @param timings how long things took
 */
public record LoopMetrics(
        long turns,
        long lastTurnNanos,
        SortedMap<String, Long> decisionsByRule,
        long storeFailures,
        OptionalLong leaseLeftNanos,
        SortedMap<String, Boolean> slotsReady,
        Optional<WatchdogMetrics> watchdog,
        LoopTimings timings) {}
