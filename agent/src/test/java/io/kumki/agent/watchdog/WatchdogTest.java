package io.kumki.agent.watchdog;

import static org.assertj.core.api.Assertions.assertThat;

import io.kumki.agent.config.WatchdogSettings;
import io.kumki.agent.config.WatchdogSettings.Mode;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(20)
class WatchdogTest {

    private static final Duration TTL = Duration.ofSeconds(30);
    private static final Duration LOOP_WAIT = Duration.ofSeconds(10);

    private final WatchdogDriver driver = new WatchdogDriver();

    private static WatchdogSettings settings(Mode mode) {
        return new WatchdogSettings(mode, Path.of("/dev/watchdog"), 5, "default");
    }

    private Watchdog watchdog(Mode mode) {
        return watchdog(settings(mode));
    }

    private Watchdog watchdog(WatchdogSettings settings) {
        Watchdog watchdog = new Watchdog(settings, _ -> Optional.of(driver), () -> driver.now);
        watchdog.timesAre(TTL, LOOP_WAIT);
        return watchdog;
    }

    /** A renewal sent just now. */
    private void renewed(Watchdog watchdog) {
        renewed(watchdog, 0);
    }

    private void renewed(Watchdog watchdog, double sentSecondsAgo) {
        watchdog.proven(driver.now + seconds(30 - sentSecondsAgo), TTL, LOOP_WAIT);
    }

    private void pass(double seconds) {
        driver.now += seconds(seconds);
    }

    private static long seconds(double seconds) {
        return (long) (seconds * 1e9);
    }

    @Test
    void armsWithTheProofAndDisarmsByMagicClose() {
        Watchdog watchdog = watchdog(Mode.AUTOMATIC);

        renewed(watchdog);
        assertThat(watchdog.armed()).isTrue();
        assertThat(watchdog.resetAtNanos()).isEqualTo(OptionalLong.of(seconds(25)));
        watchdog.idle();

        assertThat(driver.calls).containsExactly("open", "timeout 25", "1", "V", "close");
        assertThat(driver.counts()).isFalse();
        assertThat(watchdog.resetAtNanos()).isEmpty();
    }

    @Test
    void offTouchesNothing() {
        Watchdog watchdog = watchdog(Mode.OFF);

        renewed(watchdog);
        watchdog.idle();

        assertThat(driver.calls).isEmpty();
        assertThat(watchdog.unhealthy()).isEmpty();
    }

    @Test
    void onlyALaterProofKeepsItAlive() {
        Watchdog watchdog = watchdog(Mode.REQUIRED);
        long until = driver.now + seconds(30);
        watchdog.proven(until, TTL, LOOP_WAIT);
        driver.calls.clear();

        pass(10);
        watchdog.proven(until, TTL, LOOP_WAIT); // a turn without a renewal
        assertThat(driver.calls).isEmpty();
        watchdog.proven(until + seconds(10), TTL, LOOP_WAIT);

        assertThat(driver.calls).containsExactly("1");
    }

    @Test
    void anAgentThatDiesLeavesItCounting() {
        renewed(watchdog(Mode.AUTOMATIC));
        driver.processEnds();

        pass(24.9);
        assertThat(driver.fired()).isFalse();
        pass(0.2);
        assertThat(driver.fired()).isTrue();
    }

    @Test
    void anAnswerThatCameLateShortensTheTimeOut() {
        Watchdog watchdog = watchdog(Mode.AUTOMATIC);
        renewed(watchdog);
        driver.calls.clear();

        pass(10);
        renewed(watchdog, 8.5);
        assertThat(driver.calls).containsExactly("timeout 21", "1");
        pass(10);
        renewed(watchdog);
        assertThat(driver.calls).containsExactly("timeout 21", "1", "timeout 25", "1");
    }

    @Test
    void aLeaseAboutToEndIsNoReasonToCountAnew() {
        Watchdog watchdog = watchdog(Mode.AUTOMATIC);
        renewed(watchdog);
        driver.calls.clear();

        pass(20);
        renewed(watchdog, 29.5);

        assertThat(driver.calls).isEmpty();
    }

    @Test
    void oneThatCannotBeDisarmedIsKeptAliveOnceMoreAndResetsTheMachine() {
        driver.noWayOut = true;
        Watchdog watchdog = watchdog(Mode.REQUIRED);
        renewed(watchdog);

        pass(20);
        watchdog.idle();
        pass(24.9);
        assertThat(driver.fired()).isFalse();
        pass(0.2);
        assertThat(driver.fired()).isTrue();
    }

    @Test
    void aFixedTimeOutBeyondTheLeaseIsRefusedIfRequired() {
        driver.setsTimeout = false;
        Watchdog watchdog = watchdog(Mode.REQUIRED);

        renewed(watchdog);

        assertThat(watchdog.armed()).isFalse();
        assertThat(driver.counts()).isFalse();
        assertThat(watchdog.unhealthy()).get().asString().contains("it counts 60 s", "raise ttl");
    }

    @Test
    void aFixedTimeOutBeyondTheLeaseIsBetterThanNone() {
        driver.setsTimeout = false;
        Watchdog watchdog = watchdog(Mode.AUTOMATIC);

        renewed(watchdog);

        assertThat(watchdog.armed()).isTrue();
        assertThat(watchdog.unhealthy()).isEmpty();
    }

    @Test
    void aFixedTimeOutWithinTheLeaseServes() {
        driver.setsTimeout = false;
        driver.timeout = 20;
        Watchdog watchdog = watchdog(Mode.REQUIRED);

        renewed(watchdog);

        assertThat(watchdog.resetAtNanos()).isEqualTo(OptionalLong.of(seconds(20)));
        assertThat(driver.calls).containsExactly("open", "1");
    }

    @Test
    void oneThatCountsNoLongerThanLoopWaitIsRefused() {
        driver.setsTimeout = false;
        driver.timeout = 10;
        Watchdog watchdog = watchdog(Mode.AUTOMATIC);

        renewed(watchdog);

        assertThat(watchdog.armed()).isFalse();
        assertThat(driver.counts()).isFalse();
    }

    @Test
    void aTimeOutThatTheHardwareRefusesIsAFailureAndLeavesItDisarmed() {
        driver.longest = 20;
        Watchdog watchdog = watchdog(Mode.REQUIRED);

        renewed(watchdog);

        assertThat(driver.counts()).isFalse();
        assertThat(watchdog.unhealthy()).get().asString().contains("errno 22");
    }

    @Test
    void keepAlivesThatFailLeaveTheOldCountdown() {
        Watchdog watchdog = watchdog(Mode.REQUIRED);
        renewed(watchdog);
        driver.failsKeepAlive = true;

        pass(10);
        renewed(watchdog);
        assertThat(watchdog.resetAtNanos()).isEqualTo(OptionalLong.of(seconds(25)));
        assertThat(watchdog.failures()).isEqualTo(1);
        driver.failsKeepAlive = false;
        pass(10);
        renewed(watchdog);

        assertThat(watchdog.resetAtNanos()).isEqualTo(OptionalLong.of(seconds(45)));
        assertThat(driver.fired()).isFalse();
    }

    @Test
    void aMissingDeviceMattersOnlyIfRequired() {
        driver.present = false;
        Watchdog automatic = watchdog(Mode.AUTOMATIC);
        Watchdog required = watchdog(Mode.REQUIRED);

        renewed(automatic);

        assertThat(automatic.unhealthy()).isEmpty();
        assertThat(required.unhealthy()).get().asString().contains("/dev/watchdog isn't there");
    }

    @Test
    void aDeviceThatCannotBeOpenedIsTriedAgainLater() {
        driver.failsToOpen = true;
        Watchdog watchdog = watchdog(Mode.REQUIRED);
        assertThat(watchdog.unhealthy()).isEmpty();

        renewed(watchdog);
        assertThat(watchdog.unhealthy()).get().asString().contains("errno 16");
        driver.failsToOpen = false;
        renewed(watchdog);
        assertThat(watchdog.armed()).isFalse();
        pass(30);
        assertThat(watchdog.unhealthy()).isEmpty();
        renewed(watchdog);

        assertThat(watchdog.armed()).isTrue();
    }

    /** Seen in a virtual machine on a busy host. */
    @Test
    void aProofThatEndsWhileTheDeviceIsOpenedArmsNothing() {
        driver.opensFor = 31;
        Watchdog watchdog = watchdog(Mode.REQUIRED);

        renewed(watchdog);
        assertThat(watchdog.armed()).isFalse();
        assertThat(driver.counts()).isFalse();
        assertThat(watchdog.unhealthy()).isEmpty();
        driver.opensFor = 0;
        renewed(watchdog);

        assertThat(watchdog.armed()).isTrue();
    }

    @Test
    void timesThatLeaveNoRoomAreSaidAndDisarm() {
        Watchdog watchdog = watchdog(Mode.REQUIRED);
        renewed(watchdog);

        watchdog.proven(driver.now + seconds(15), Duration.ofSeconds(15), LOOP_WAIT);

        assertThat(driver.counts()).isFalse();
        assertThat(watchdog.unhealthy()).get().asString().contains("loop_wait", "raise ttl");
    }

    @Test
    void anUnknownDriverIsNoneAndRequiredSaysSo() {
        WatchdogSettings settings =
                new WatchdogSettings(Mode.REQUIRED, Path.of("/dev/watchdog"), 5, "homegrown");
        Watchdog watchdog = new Watchdog(settings, Watchdog::device, () -> driver.now);

        renewed(watchdog);

        assertThat(watchdog.unhealthy()).get().asString().contains("watchdog.driver = homegrown");
    }

    @Test
    void aLongerTtlCountsFromTheNextProof() {
        Watchdog watchdog = watchdog(Mode.AUTOMATIC);
        long until = driver.now + seconds(30);
        watchdog.proven(until, TTL, LOOP_WAIT);

        watchdog.proven(until, Duration.ofSeconds(60), LOOP_WAIT);
        assertThat(driver.timeout).isEqualTo(25);
        pass(10);
        watchdog.proven(driver.now + seconds(60), Duration.ofSeconds(60), LOOP_WAIT);

        assertThat(driver.timeout).isEqualTo(55);
    }

    @Test
    void switchedOffItIsDisarmedAtOnce() {
        Watchdog watchdog = watchdog(Mode.AUTOMATIC);
        renewed(watchdog);

        watchdog.configure(settings(Mode.OFF));
        assertThat(driver.counts()).isFalse();
        renewed(watchdog);
        assertThat(driver.counts()).isFalse();
        watchdog.configure(settings(Mode.REQUIRED));
        renewed(watchdog);

        assertThat(watchdog.armed()).isTrue();
    }

    @Test
    void anotherDeviceIsTakenWithTheNextProof() {
        WatchdogDriver other = new WatchdogDriver();
        WatchdogSettings second =
                new WatchdogSettings(Mode.AUTOMATIC, Path.of("/dev/watchdog1"), 5, "default");
        Watchdog watchdog =
                new Watchdog(
                        settings(Mode.AUTOMATIC),
                        settings -> Optional.of(settings.equals(second) ? other : driver),
                        () -> driver.now);
        long until = driver.now + seconds(30);
        watchdog.proven(until, TTL, LOOP_WAIT);

        watchdog.configure(second);
        watchdog.proven(until, TTL, LOOP_WAIT);
        assertThat(driver.counts()).isTrue();
        watchdog.proven(until + seconds(1), TTL, LOOP_WAIT);

        assertThat(driver.counts()).isFalse();
        assertThat(other.counts()).isTrue();
    }

    /**
     * Renewals with any delay that retry_timeout allows, then a freeze at any moment: a healthy
     * loop is never reset, a frozen one always within the lease that its last answered renewal
     * gave.
     */
    @Test
    void resetsWithinTheLeaseAndNeverAHealthyMachine() {
        for (int seed = 1; seed <= 300; seed++) {
            Random random = new Random(seed);
            WatchdogDriver device = new WatchdogDriver();
            WatchdogSettings settings =
                    new WatchdogSettings(
                            Mode.REQUIRED,
                            Path.of("/dev/watchdog"),
                            random.nextBoolean() ? 5 : 0,
                            "default");
            Watchdog watchdog = new Watchdog(settings, _ -> Optional.of(device), () -> device.now);
            watchdog.timesAre(TTL, LOOP_WAIT);
            long planned = 0;
            long leaseEnd = 0;
            int turns = 1 + random.nextInt(20);
            for (int turn = 0; turn < turns; turn++) {
                device.now = Math.max(device.now, planned);
                assertThat(device.fired()).as("healthy, seed %d turn %d", seed, turn).isFalse();
                long sent = device.now;
                device.now += seconds(random.nextInt(4) == 0 ? random.nextDouble() * 10 : 0.01);
                assertThat(device.fired()).as("healthy, seed %d turn %d", seed, turn).isFalse();
                leaseEnd = sent + seconds(30);
                watchdog.proven(leaseEnd, TTL, LOOP_WAIT);
                planned += seconds(10);
            }
            device.now = leaseEnd;
            assertThat(device.fired()).as("frozen, seed %d", seed).isTrue();
        }
    }
}
