package io.kumki.agent.node;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;

/**
 * Monotonic nanoseconds since the machine started, suspended time included: {@code
 * clock_gettime(CLOCK_BOOTTIME)}, see clock_gettime(2). {@link System#nanoTime} stands still while
 * the machine sleeps, and a lease in etcd doesn't.
 */
final class BootTime {

    /** From {@code linux/time.h}. */
    private static final int CLOCK_BOOTTIME = 7;

    private static final int CLOCK_MONOTONIC = 1;

    private static final long NANOS_A_SECOND = 1_000_000_000;

    private static final MethodHandle CLOCK_GETTIME = clockGettime();

    @SuppressWarnings("restricted") // declared in the launcher: --enable-native-access
    private static MethodHandle clockGettime() {
        return Linker.nativeLinker()
                .downcallHandle(
                        Linker.nativeLinker().defaultLookup().findOrThrow("clock_gettime"),
                        FunctionDescriptor.of(
                                ValueLayout.JAVA_INT, ValueLayout.JAVA_INT, ValueLayout.ADDRESS),
                        Linker.Option.critical(false));
    }

    /** {@code struct timespec}: seconds and nanoseconds. */
    private static final ThreadLocal<MemorySegment> TIMESPEC =
            ThreadLocal.withInitial(() -> Arena.ofAuto().allocate(16, 8));

    private BootTime() {}

    /** Differences only, as with {@link System#nanoTime}. */
    static long nanos() {
        return nanos(CLOCK_BOOTTIME);
    }

    /** {@code CLOCK_MONOTONIC}, which stands still in suspend: what service managers go by. */
    static long monotonicNanos() {
        return nanos(CLOCK_MONOTONIC);
    }

    private static long nanos(int clock) {
        MemorySegment timespec = TIMESPEC.get();
        int failed;
        try {
            failed = (int) CLOCK_GETTIME.invokeExact(clock, timespec);
        } catch (Throwable e) {
            throw new IllegalStateException("clock_gettime can't be called", e);
        }
        if (failed != 0) {
            throw new IllegalStateException("no CLOCK_BOOTTIME: Linux 2.6.39 or newer is needed");
        }
        return timespec.get(ValueLayout.JAVA_LONG, 0) * NANOS_A_SECOND
                + timespec.get(ValueLayout.JAVA_LONG, 8);
    }
}
