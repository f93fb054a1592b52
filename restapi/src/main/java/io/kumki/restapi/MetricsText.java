package io.kumki.restapi;

import io.vertx.core.buffer.Buffer;
import java.math.BigDecimal;
import java.util.function.Consumer;

/**
 * Metrics as text, in one of two formats. Written by hand, because dashboards depend on names,
 * order and labels.
 */
final class MetricsText {

    /** What the client wants to read. */
    enum Format {
        /** Prometheus' own. */
        PROMETHEUS("text/plain"),
        OPENMETRICS("application/openmetrics-text; version=1.0.0; charset=utf-8");

        private final String contentType;

        Format(String contentType) {
            this.contentType = contentType;
        }

        String contentType() {
            return contentType;
        }
    }

    private static final String TOTAL = "_total";

    private final StringBuilder text = new StringBuilder(16 << 10);
    private final Format format;
    private final String labels;

    MetricsText(Format format, String scope, String name) {
        this.format = format;
        this.labels = "scope=\"" + escaped(scope) + "\",name=\"" + escaped(name) + "\"";
    }

    Buffer end() {
        if (format == Format.OPENMETRICS) {
            text.append("# EOF\n");
        }
        return Buffer.buffer(text.toString());
    }

    void flag(String name, String help, boolean value) {
        gauge(name, help, value ? "1" : "0");
    }

    void gauge(String name, String help, String value) {
        head(name, "gauge", help);
        sample(name, "", value);
    }

    void counter(String name, String help, long value) {
        head(name, "counter", help);
        sample(name, "", Long.toString(value));
    }

    /** A line that says what the numbers mean; OpenMetrics allows none. */
    void head(String name, String type, String help, String comment) {
        text.append("# HELP ").append(name).append(' ').append(help).append('\n');
        if (format == Format.PROMETHEUS) {
            text.append("# ").append(comment).append('\n');
        }
        text.append("# TYPE ").append(name).append(' ').append(type).append('\n');
    }

    /**
     * In OpenMetrics the samples of a counter end in {@code _total}. Names that don't are the
     * contract's and stay what they are, so they can't be called counters there.
     */
    void head(String name, String type, String help) {
        String family = name;
        String shownType = type;
        if (format == Format.OPENMETRICS && type.equals("counter")) {
            boolean total = name.endsWith(TOTAL);
            family = total ? name.substring(0, name.length() - TOTAL.length()) : name;
            shownType = total ? type : "unknown";
        }
        text.append("# HELP ").append(family).append(' ').append(help).append("\n# TYPE ");
        text.append(family).append(' ').append(shownType).append('\n');
    }

    /**
     * @param more further labels as made by {@link #label}, or nothing
     */
    void sample(String name, String more, String value) {
        text.append(name).append('{').append(labels).append(more).append("} ");
        text.append(value).append('\n');
    }

    /** Samples of a histogram; its head comes once before. */
    void histogram(String name, String more, Histogram.Snapshot histogram) {
        Consumer<Histogram.Bucket> bucket =
                one ->
                        sample(
                                name + "_bucket",
                                more + label("le", Double.toString(one.boundNanos() / 1e9)),
                                Long.toString(one.count()));
        histogram.buckets().forEach(bucket);
        sample(name + "_bucket", more + label("le", "+Inf"), Long.toString(histogram.count()));
        sample(name + "_sum", more, seconds(histogram.sumNanos()));
        sample(name + "_count", more, Long.toString(histogram.count()));
    }

    static String label(String name, String value) {
        return "," + name + "=\"" + escaped(value) + "\"";
    }

    static String seconds(long nanos) {
        return BigDecimal.valueOf(nanos, 9).toPlainString();
    }

    private static String escaped(String label) {
        return label.replace("\\", "\\\\").replace("\"", "\\\"").replace("\n", "\\n");
    }
}
