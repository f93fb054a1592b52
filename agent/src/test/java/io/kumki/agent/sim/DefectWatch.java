package io.kumki.agent.sim;

import java.util.logging.Handler;
import java.util.logging.Level;
import java.util.logging.LogRecord;
import java.util.logging.Logger;
import org.jspecify.annotations.Nullable;

/**
 * Sees the defects that the loop survives and reports in its log: in a simulation each of them is a
 * violation. Other log output of the loop is silent meanwhile.
 */
final class DefectWatch implements AutoCloseable {

    /** Kept, so that the logger isn't collected together with its settings. */
    private static final Logger LOOP = Logger.getLogger("io.kumki.agent");

    private static final ThreadLocal<@Nullable SimWorld> CURRENT = new ThreadLocal<>();

    private static int open;
    private static @Nullable Level levelBefore;

    private static final Handler HANDLER =
            new Handler() {
                @Override
                public void publish(LogRecord entry) {
                    SimWorld world = CURRENT.get();
                    if (world != null
                            && entry.getLevel().equals(Level.SEVERE)
                            && !asksForAPerson(entry.getMessage())) {
                        world.violate(
                                "a defect: "
                                        + entry.getMessage()
                                        + (entry.getThrown() == null
                                                ? ""
                                                : " " + SimWorld.describe(entry.getThrown())));
                    }
                }

                @Override
                public void flush() {}

                @Override
                public void close() {}
            };

    /** A full disk, not a defect: loud all the same. */
    private static boolean asksForAPerson(String message) {
        return message.contains("-stays-down ") && message.endsWith("decision taken");
    }

    private DefectWatch() {}

    static DefectWatch of(SimWorld world) {
        CURRENT.set(world);
        synchronized (LOOP) {
            if (open++ == 0) {
                levelBefore = LOOP.getLevel();
                LOOP.setLevel(Level.SEVERE);
                LOOP.setUseParentHandlers(false);
                LOOP.addHandler(HANDLER);
            }
        }
        return new DefectWatch();
    }

    @Override
    public void close() {
        CURRENT.remove();
        synchronized (LOOP) {
            if (--open == 0) {
                LOOP.removeHandler(HANDLER);
                LOOP.setUseParentHandlers(true);
                LOOP.setLevel(levelBefore);
            }
        }
    }
}
