package io.kumki.restapi;

import java.util.Locale;

/** Which format of metrics a client prefers, by its {@code Accept} header. */
final class MetricsFormat {

    private MetricsFormat() {}

    /**
     * OpenMetrics for who names it and wants it more than plain text; else plain text, as ever.
     *
     * @param accept may be empty
     */
    static MetricsText.Format wanted(String accept) {
        double openMetrics = 0;
        double plain = 0;
        for (String range : accept.toLowerCase(Locale.ROOT).split(",", 50)) {
            String[] parts = range.split(";", 10);
            String type = parts[0].strip();
            if (type.equals("application/openmetrics-text") && ours(parts)) {
                openMetrics = Math.max(openMetrics, quality(parts));
            } else if (type.equals("text/plain")) {
                plain = Math.max(plain, quality(parts));
            }
        }
        return openMetrics > plain ? MetricsText.Format.OPENMETRICS : MetricsText.Format.PROMETHEUS;
    }

    private static boolean ours(String[] parts) {
        String version = parameter(parts, "version");
        return version.isEmpty() || version.equals("1.0.0");
    }

    private static double quality(String[] parts) {
        String quality = parameter(parts, "q");
        return quality.matches("[01](\\.[0-9]{0,3})?") ? Double.parseDouble(quality) : 1;
    }

    private static String parameter(String[] parts, String name) {
        for (int i = 1; i < parts.length; i++) {
            String part = parts[i].strip();
            if (part.startsWith(name + "=")) {
                return part.substring(name.length() + 1).replace("\"", "");
            }
        }
        return "";
    }
}
