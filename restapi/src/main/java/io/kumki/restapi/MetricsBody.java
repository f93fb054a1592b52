package io.kumki.restapi;

import io.vertx.core.buffer.Buffer;
import java.util.EnumMap;
import java.util.Map;

/**
 * The metrics' bytes, kept for a moment: writing them takes a hundred times as long as sending
 * them, and whoever asks twice a second gets what has changed since.
 *
 * <p>Who leads and what the node's state is are never kept past their time.
 *
 * <p>Used on one event loop.
 */
final class MetricsBody {

    /** Scrapers come every some seconds; nobody can tell so short a time from the way there. */
    static final long KEPT_NANOS = 500_000_000;

    private final NodeView view;
    private final RestMeter meter;
    private final Map<MetricsText.Format, Kept> kept = new EnumMap<>(MetricsText.Format.class);

    private record Kept(Probes.Moment moment, long writtenNanos, Buffer bytes) {}

    MetricsBody(NodeView view, RestMeter meter) {
        this.view = view;
        this.meter = meter;
    }

    Buffer of(Probes probes, MetricsText.Format format) {
        Kept now = kept.get(format);
        if (now == null
                || probes.nowNanos() - now.writtenNanos() > KEPT_NANOS
                || !now.moment().isStill(probes)) {
            Buffer bytes = Metrics.write(probes, view.loopMetrics(), meter, format);
            now = new Kept(probes.moment(), probes.nowNanos(), bytes);
            kept.put(format, now);
        }
        return now.bytes();
    }
}
