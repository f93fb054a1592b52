import io.kumki.agent.config.WatchdogSettings;
import io.kumki.agent.watchdog.Watchdog;
import java.nio.file.Path;
import java.time.Duration;

/**
 * The agent's watchdog code as tools/watchdog-vm runs it: proves a lead each second, as the loop does after each renewal,
 * to a real driver. {@code disarm} gives it up after the third; {@code hold} goes on until somebody freezes or kills it.
 */
final class WatchdogVmClient {

    /** With the margin of 5 s the machine is reset 10 s after the last proof. */
    private static final Duration TTL = Duration.ofSeconds(15);

    private static final Duration LOOP_WAIT = Duration.ofSeconds(1);

    public static void main(String[] arguments) throws InterruptedException {
        boolean disarms = arguments[0].equals("disarm");
        WatchdogSettings settings =
                new WatchdogSettings(WatchdogSettings.Mode.REQUIRED, Path.of("/dev/watchdog"), 5, "default");
        Watchdog watchdog = new Watchdog(settings, Watchdog::device, System::nanoTime);
        watchdog.timesAre(TTL, LOOP_WAIT);
        int kept = 0;
        while (!disarms || kept < 3) {
            watchdog.proven(System.nanoTime() + TTL.toNanos(), TTL, LOOP_WAIT);
            if (watchdog.unhealthy().isPresent() || watchdog.failures() > 0) {
                System.out.println("client: FAILED " + watchdog.unhealthy().orElse("to keep it alive"));
                return;
            }
            kept += watchdog.armed() ? 1 : 0;
            System.out.println(
                    watchdog.armed()
                            ? "client: kept alive, time-out " + watchdog.timeoutSeconds().orElseThrow() + " s"
                            : "client: not armed yet");
            Thread.sleep(LOOP_WAIT);
        }
        watchdog.idle();
        System.out.println("client: disarmed");
    }
}
