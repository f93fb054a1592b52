package io.kumki.agent.ha;

import java.time.Duration;
import java.util.Optional;

/** etcd doesn't answer: nothing is known about who leads, so only a valid lease counts. */
final class StoreSilenceRules {

    /** How soon a leader asks a silent store again. */
    private static final Duration RETRY = Duration.ofMillis(500);

    private StoreSilenceRules() {}

    static Optional<Decision> decide(Situation s) {
        if (!s.etcdSilent()) {
            return Optional.empty();
        }
        boolean timeToEnd =
                s.paused() || !s.couldWrite() || s.leaseLeft().compareTo(s.stopMargin()) > 0;
        if (s.endingAsked() && timeToEnd) {
            return ShutdownRules.decide(s);
        }
        if (s.paused()) {
            return Optional.of(
                    Decision.of(
                            "store.paused-keeps-everything",
                            s.silence() + " in maintenance mode: nothing is changed",
                            s.memory()));
        }
        if (s.memory().bootstrap() instanceof Memory.BootstrapStage.None) {
            return Optional.of(s.couldWrite() ? writer(s) : reader(s));
        }
        return Optional.of(
                Decision.of(
                                "store.bootstrap-waits",
                                s.silence() + " while the cluster is being created",
                                s.memory())
                        .after(RETRY));
    }

    private static Decision writer(Situation s) {
        boolean stopping =
                s.ongoing().isPresent()
                        && (s.ongoing().get().operation() instanceof Operation.StopInTime
                                || s.ongoing().get().operation() instanceof Operation.FenceStop);
        if (stopping) {
            return Decision.of(
                            "store.stop-under-way",
                            s.silence() + ", the server is being stopped",
                            s.memory())
                    .after(RETRY);
        }
        if (!s.leadsByClock()) {
            return Decision.of(
                            "store.stops-without-proof",
                            s.silence() + " and this member holds no lease that proves its lead",
                            s.memory(),
                            new Action.Fence())
                    .atOnce();
        }
        Optional<Decision> goesOn = FailsafeRules.goesOn(s);
        if (goesOn.isPresent()) {
            return goesOn.get();
        }
        Duration left = s.leaseLeft();
        if (left.compareTo(s.stopMargin()) > 0) {
            Duration untilStop = left.minus(s.stopMargin());
            return Decision.of(
                            "leader.waits-for-etcd",
                            s.silence()
                                    + ", "
                                    + left.toMillis()
                                    + " ms of lease left, stops taking writes in "
                                    + untilStop.toMillis()
                                    + " ms",
                            s.memory())
                    .after(untilStop.compareTo(RETRY) < 0 ? untilStop : RETRY);
        }
        if (s.ongoing().isPresent()) {
            return Decision.of(
                            "leader.stops-before-lease-ends",
                            s.silence()
                                    + ", "
                                    + left.toMillis()
                                    + " ms of lease left, "
                                    + s.ongoing().get().operation().title()
                                    + " runs",
                            s.memory().withStepDown(Optional.empty()),
                            new Action.Fence())
                    .atOnce();
        }
        return Decision.of(
                        "leader.stops-before-lease-ends",
                        s.silence() + ", " + left.toMillis() + " ms of lease left",
                        s.memory().withStepDown(Optional.empty()),
                        new Action.Start(new Operation.StopInTime(left.dividedBy(2))))
                .after(left.dividedBy(2));
    }

    private static Decision reader(Situation s) {
        boolean demoted =
                s.server().postmaster() == LocalServer.Postmaster.STOPPED
                        && s.server().control().isPresent()
                        && s.cluster()
                                .systemIdentifier()
                                .equals(
                                        s.server()
                                                .control()
                                                .map(LocalServer.ControlData::systemIdentifier))
                        && s.ongoing().isEmpty()
                        && s.reached(s.memory().rejoin().retryAtNanos());
        if (demoted) {
            return Decision.of(
                    "store.starts-read-only",
                    s.silence() + ": the server serves reads as a standby that follows nobody",
                    s.memory(),
                    new Action.Start(new Operation.StartStandby(Following.nobody(s))));
        }
        return Decision.of(
                "store.reader-goes-on", s.silence() + ": a standby needs no lease", s.memory());
    }
}
