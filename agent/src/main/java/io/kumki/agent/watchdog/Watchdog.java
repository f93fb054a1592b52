package io.kumki.agent.watchdog;

import io.kumki.agent.config.WatchdogSettings;
import io.kumki.agent.config.WatchdogSettings.Mode;
import java.io.IOException;
import java.time.Duration;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.function.Function;
import java.util.function.LongSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Keeps the machine's watchdog armed while this member leads, so that a machine whose agent doesn't
 * work any more is reset before its lease can end.
 *
 * <ol>
 *   <li>Armed with the proof of the lead, so before any promotion.
 *   <li>A keep-alive follows each later proof and nothing else: an agent that turns, but can't
 *       renew, gives none.
 *   <li>The time-out never reaches beyond the lease, counted from before its renewal was sent.
 *   <li>Disarmed when the server can't take writes, and in pause.
 * </ol>
 *
 * <p>Used on the loop's context; the calls of the driver run there as well, so that the loop can't
 * go on before one is done. A driver that hangs hangs the loop: then the watchdog isn't kept alive,
 * and the lease guard ends the server.
 */
public final class Watchdog {

    private static final Logger LOG = LoggerFactory.getLogger(Watchdog.class);

    /** After a failure a device is left alone this long: trying again may arm it. */
    static final Duration BETWEEN_TRIES = Duration.ofSeconds(30);

    private final Function<WatchdogSettings, Optional<WatchdogDevice>> devices;
    private final LongSupplier clock;
    private WatchdogSettings settings;
    private Optional<WatchdogDevice> device;
    private Optional<Armed> armed = Optional.empty();
    private Optional<Failure> failure = Optional.empty();
    private Optional<String> impossible = Optional.empty();
    private OptionalLong provenUntil = OptionalLong.empty();
    private boolean keepAliveFails;
    private long failures;

    /** An open device. */
    private record Armed(
            WatchdogSettings of,
            WatchdogTiming timing,
            WatchdogDevice.Opened device,
            WatchdogDevice.Support support,
            int seconds,
            long resetAtNanos) {

        /** A shorter time-out may have been set before the keep-alive failed. */
        Armed atMost(int newSeconds, long nowNanos) {
            long reset = nowNanos + Duration.ofSeconds(newSeconds).toNanos();
            return reset - resetAtNanos < 0
                    ? new Armed(of, timing, device, support, newSeconds, reset)
                    : this;
        }
    }

    private record Failure(String why, long atNanos) {}

    /**
     * @param devices the device that settings name; empty: there is none for this driver
     * @param clock monotonic nanoseconds
     */
    public Watchdog(
            WatchdogSettings settings,
            Function<WatchdogSettings, Optional<WatchdogDevice>> devices,
            LongSupplier clock) {
        this.devices = devices;
        this.clock = clock;
        this.settings = settings;
        this.device = devices.apply(settings);
    }

    /** The devices of this machine. */
    public static Optional<WatchdogDevice> device(WatchdogSettings settings) {
        return switch (settings.driver()) {
            case "default" -> Optional.of(new LinuxWatchdog(settings.device()));
            case "testing" -> Optional.of(new PipeWatchdog(settings.device()));
            default -> Optional.empty();
        };
    }

    /**
     * Takes over new settings: at once where nothing is armed or it is switched off, else with the
     * next proof, when the lease is as long as it can be.
     */
    public void configure(WatchdogSettings fresh) {
        if (fresh.equals(settings)) {
            return;
        }
        settings = fresh;
        device = devices.apply(fresh);
        failure = Optional.empty();
        if (fresh.mode() == Mode.OFF) {
            idle();
        }
    }

    /**
     * The lead is proven up to here: arms, or keeps alive if this is news.
     *
     * @param untilNanos when the lease ends, on this clock; counted from before its renewal was
     *     sent
     */
    public void proven(long untilNanos, Duration ttl, Duration loopWait) {
        WatchdogTiming timing = timing(ttl, loopWait);
        if (settings.mode() == Mode.OFF || device.isEmpty()) {
            return;
        }
        if (impossible.isPresent()) {
            disarm();
            return;
        }
        boolean news = provenUntil.isEmpty() || untilNanos - provenUntil.getAsLong() > 0;
        boolean otherDevice = armed.filter(a -> !sameDevice(a.of(), settings)).isPresent();
        if (news && otherDevice) {
            disarm();
        }
        if (armed.isPresent()) {
            if (news) {
                provenUntil = OptionalLong.of(untilNanos);
                keepAlive(armed.get(), timing, untilNanos);
            }
            return;
        }
        if (!rests() && timing.within(left(untilNanos)) >= 1) {
            provenUntil = OptionalLong.of(untilNanos);
            arm(timing, untilNanos);
        }
    }

    /** Times may change while this member doesn't lead, and it must know whether it could. */
    public void timesAre(Duration ttl, Duration loopWait) {
        timing(ttl, loopWait);
    }

    private WatchdogTiming timing(Duration ttl, Duration loopWait) {
        WatchdogTiming timing = WatchdogTiming.of(ttl, loopWait, settings.safetyMarginSeconds());
        Optional<String> now = settings.mode() == Mode.OFF ? Optional.empty() : timing.impossible();
        if (now.isPresent() && !now.equals(impossible)) {
            LOG.atWarn()
                    .addKeyValue("key", "watchdog.safety_margin")
                    .addKeyValue("value", settings.safetyMarginSeconds())
                    .addKeyValue("reason", now.get())
                    .log("the watchdog can't be used");
        }
        impossible = now;
        return timing;
    }

    private static boolean sameDevice(WatchdogSettings a, WatchdogSettings b) {
        return a.device().equals(b.device()) && a.driver().equals(b.driver());
    }

    private boolean rests() {
        return failure.filter(f -> clock.getAsLong() - f.atNanos() < BETWEEN_TRIES.toNanos())
                .isPresent();
    }

    private Duration left(long untilNanos) {
        return Duration.ofNanos(untilNanos - clock.getAsLong());
    }

    private void arm(WatchdogTiming timing, long untilNanos) {
        keepAliveFails = false;
        WatchdogDevice.Opened opened;
        try {
            opened = device.orElseThrow().open();
        } catch (IOException e) {
            failed(String.valueOf(e.getMessage()));
            return;
        }
        try {
            WatchdogDevice.Support support = opened.support();
            if (timing.within(left(untilNanos)) < 1) {
                // the calls took so long that the proof is worth nothing: the next one counts
                close(opened, support.disarms());
                return;
            }
            Armed begun = new Armed(settings, timing, opened, support, 0, 0);
            take(feed(begun, timing, untilNanos), timing, untilNanos);
            if (armed.isPresent()) {
                LOG.atInfo()
                        .addKeyValue("device", settings.device())
                        .addKeyValue("identity", support.identity())
                        .addKeyValue("timeoutSeconds", armed.get().seconds())
                        .log(
                                support.disarms()
                                        ? "watchdog armed"
                                        : "watchdog armed; it can't be disarmed: the machine will"
                                                + " be reset after this member stops leading");
            }
        } catch (IOException e) {
            String why = String.valueOf(e.getMessage());
            close(opened, true);
            failed(why);
        }
    }

    /** Sets the time-out if another is due, and begins the countdown anew. */
    private Armed feed(Armed now, WatchdogTiming timing, long untilNanos) throws IOException {
        long before = clock.getAsLong();
        int wanted = timing.within(left(untilNanos));
        int seconds = now.seconds();
        if (now.support().setsTimeout() && wanted != seconds) {
            now.device().setTimeout(wanted);
        }
        if (wanted != seconds) {
            seconds = now.device().timeout();
        }
        now.device().keepAlive();
        long reset = before + Duration.ofSeconds(seconds).toNanos();
        return new Armed(settings, timing, now.device(), now.support(), seconds, reset);
    }

    /** Goes on with a fed device, unless its time-out is worse than none. */
    private void take(Armed fed, WatchdogTiming timing, long untilNanos) {
        int asked = timing.within(left(untilNanos));
        Optional<String> unsafe = Optional.empty();
        if (fed.seconds() < asked && fed.seconds() <= timing.loopWait()) {
            unsafe =
                    Optional.of(
                            "it counts "
                                    + fed.seconds()
                                    + " s at most, and keep-alives come every "
                                    + timing.loopWait()
                                    + " s (loop_wait): it would reset a healthy machine; lower"
                                    + " loop_wait");
        } else if (fed.seconds() > timing.wanted()) {
            String late =
                    "it counts "
                            + fed.seconds()
                            + " s, and "
                            + timing.wanted()
                            + " s (ttl less watchdog.safety_margin) are allowed, or the reset"
                            + " could come after the lease; raise ttl, or use a device whose"
                            + " time-out can be set";
            if (settings.mode() == Mode.REQUIRED) {
                unsafe = Optional.of(late);
            } else {
                LOG.atWarn()
                        .addKeyValue("device", settings.device())
                        .addKeyValue("reason", late)
                        .log("the watchdog is armed, but late");
            }
        }
        armed = Optional.of(fed);
        if (unsafe.isEmpty()) {
            failure = Optional.empty();
        } else {
            // one that can't be disarmed is better kept alive than left alone
            if (fed.support().disarms() || settings.mode() == Mode.REQUIRED) {
                disarm();
            }
            failed(unsafe.get());
        }
    }

    private void failed(String why) {
        boolean known = failure.filter(f -> f.why().equals(why)).isPresent();
        failure = Optional.of(new Failure(why, clock.getAsLong()));
        if (known) {
            return;
        }
        failures++;
        boolean required = settings.mode() == Mode.REQUIRED;
        (required ? LOG.atError() : LOG.atInfo())
                .addKeyValue("device", settings.device())
                .addKeyValue("error", why)
                .log(
                        required
                                ? "watchdog.mode is required, and the watchdog can't be armed: this"
                                        + " member doesn't lead until it can (docs/watchdog.md)"
                                : "no watchdog is armed (watchdog.mode: automatic)");
    }

    private void keepAlive(Armed now, WatchdogTiming timing, long untilNanos) {
        if (timing.within(left(untilNanos)) < 1) {
            return; // the lease is about to end: the countdown goes on
        }
        try {
            Armed fed = feed(now, timing, untilNanos);
            if (timing.equals(now.timing()) && settings.equals(now.of())) {
                armed = Optional.of(fed);
            } else {
                take(fed, timing, untilNanos);
            }
            if (keepAliveFails) {
                LOG.atInfo().log("the watchdog takes keep-alives again");
            }
            keepAliveFails = false;
        } catch (IOException e) {
            failures++;
            armed = Optional.of(now.atMost(timing.within(left(untilNanos)), clock.getAsLong()));
            if (!keepAliveFails) {
                LOG.atError()
                        .addKeyValue("device", settings.device())
                        .addKeyValue("error", e.getMessage())
                        .addKeyValue(
                                "resetInMs",
                                Duration.ofNanos(now.resetAtNanos() - clock.getAsLong()).toMillis())
                        .log(
                                "the watchdog can't be kept alive: unless the next try succeeds,"
                                        + " this member stops its server before the machine is"
                                        + " reset");
            }
            keepAliveFails = true;
        }
    }

    /** The server takes no writes, or a person looks after it. */
    public void idle() {
        provenUntil = OptionalLong.empty();
        disarm();
    }

    private void disarm() {
        if (armed.isEmpty()) {
            return;
        }
        Armed now = armed.get();
        armed = Optional.empty();
        if (!now.support().disarms()) {
            LOG.atWarn()
                    .addKeyValue("device", now.of().device())
                    .addKeyValue("timeoutSeconds", now.seconds())
                    .log("the watchdog can't be disarmed: this machine will be reset");
        }
        close(now.device(), now.support().disarms());
    }

    private void close(WatchdogDevice.Opened opened, boolean disarms) {
        try {
            if (!disarms) {
                opened.keepAlive();
            }
            opened.announceClose();
            LOG.atInfo().log(disarms ? "watchdog disarmed" : "watchdog closed");
        } catch (IOException e) {
            LOG.atError()
                    .addKeyValue("device", settings.device())
                    .addKeyValue("error", e.getMessage())
                    .log("the watchdog can't be disarmed: this machine may be reset");
        }
        try {
            opened.close();
        } catch (IOException e) {
            LOG.atError()
                    .addKeyValue("device", settings.device())
                    .addKeyValue("error", e.getMessage())
                    .log("the watchdog can't be closed");
        }
    }

    /** Why this member must not be promoted; only in mode {@code required}. */
    public Optional<String> unhealthy() {
        if (settings.mode() != Mode.REQUIRED) {
            return Optional.empty();
        }
        if (impossible.isPresent()) {
            return required(impossible.get());
        }
        if (device.isEmpty()) {
            return required("there is none for watchdog.driver = " + settings.driver());
        }
        if (armed.isPresent()) {
            return Optional.empty();
        }
        if (rests()) {
            return required(failure.get().why());
        }
        return device.get().writable()
                ? Optional.empty()
                : required(
                        settings.device() + " isn't there, or the agent's user can't write to it");
    }

    private static Optional<String> required(String why) {
        return Optional.of("watchdog.mode is required: " + why);
    }

    /** The last keep-alive failed. */
    public boolean failing() {
        return keepAliveFails && armed.isPresent();
    }

    /** Switched off. */
    public boolean off() {
        return settings.mode() == Mode.OFF;
    }

    /** Whether a device counts. */
    public boolean armed() {
        return armed.isPresent();
    }

    /** When the machine is reset unless a keep-alive comes before. */
    public OptionalLong resetAtNanos() {
        return armed.isPresent()
                ? OptionalLong.of(armed.get().resetAtNanos())
                : OptionalLong.empty();
    }

    /** The time-out of the armed device. */
    public OptionalLong timeoutSeconds() {
        return armed.isPresent() ? OptionalLong.of(armed.get().seconds()) : OptionalLong.empty();
    }

    /** Devices that couldn't be armed, keep-alives that failed. */
    public long failures() {
        return failures;
    }
}
