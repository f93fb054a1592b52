package io.kumki.agent.node;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.kumki.agent.config.LogSettings;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.time.ZoneId;
import java.time.format.DateTimeFormatter;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.logging.ConsoleHandler;
import java.util.logging.FileHandler;
import java.util.logging.Formatter;
import java.util.logging.Handler;
import java.util.logging.Level;
import java.util.logging.LogManager;
import java.util.logging.LogRecord;
import java.util.logging.Logger;

/**
 * Where log lines go and what they look like: the contract's {@code log} section on
 * java.util.logging.
 */
final class LogOutput {

    private static final DateTimeFormatter TIME =
            DateTimeFormatter.ofPattern("yyyy-MM-dd HH:mm:ss,SSS", Locale.ROOT)
                    .withZone(ZoneId.systemDefault());

    /** Their INFO is noise, and an outage of etcd is reported by our own adapter. */
    private static final String[] QUIET = {"io.grpc", "io.netty", "io.vertx", "io.etcd"};

    // held, because java.util.logging forgets loggers that nobody references
    private static final java.util.List<Logger> KEPT = new java.util.ArrayList<>();

    private LogOutput() {}

    /**
     * Takes over the settings; what was set before is replaced.
     *
     * @throws IOException if the log file can't be opened; the message names it
     */
    static void configure(LogSettings settings) throws IOException {
        Handler handler = handler(settings);
        LogManager.getLogManager().reset();
        KEPT.clear();
        Logger root = Logger.getLogger("");
        Level level = level(settings.level());
        handler.setLevel(Level.ALL);
        handler.setFormatter(settings.json() ? new JsonLine(settings.staticFields()) : new Line());
        root.addHandler(handler);
        root.setLevel(level);
        for (String name : QUIET) {
            keep(name, Level.SEVERE);
        }
        settings.loggers().forEach((name, value) -> keep(name, level(value)));
    }

    private static void keep(String name, Level level) {
        Logger logger = Logger.getLogger(name);
        logger.setLevel(level);
        KEPT.add(logger);
    }

    private static Handler handler(LogSettings settings) throws IOException {
        if (settings.file().isEmpty()) {
            return new ConsoleHandler();
        }
        LogSettings.File file = settings.file().get();
        return new FileHandler(
                file.dir().resolve("patroni.log").toString(),
                file.maxBytes(),
                Math.max(1, file.rotated() + 1),
                true);
    }

    private static Level level(String name) {
        return switch (name.toUpperCase(Locale.ROOT)) {
            case "DEBUG" -> Level.FINE;
            case "WARN", "WARNING" -> Level.WARNING;
            case "ERROR", "FATAL", "CRITICAL" -> Level.SEVERE;
            default -> Level.INFO;
        };
    }

    private static String name(Level level) {
        if (level.intValue() >= Level.SEVERE.intValue()) {
            return "ERROR";
        }
        if (level.intValue() >= Level.WARNING.intValue()) {
            return "WARNING";
        }
        return level.intValue() >= Level.INFO.intValue() ? "INFO" : "DEBUG";
    }

    private static String stackTrace(LogRecord record) {
        if (record.getThrown() == null) {
            return "";
        }
        StringWriter text = new StringWriter();
        record.getThrown().printStackTrace(new PrintWriter(text));
        return text.toString();
    }

    /**
     * {@code 2026-11-21 05:00:00,123 INFO: member=pg-1 rule=leader.holds-lock … decision taken}.
     */
    static final class Line extends Formatter {
        @Override
        public String format(LogRecord record) {
            String trace = stackTrace(record);
            return TIME.format(record.getInstant())
                    + " "
                    + name(record.getLevel())
                    + ": "
                    + oneRecord(formatMessage(record) + (trace.isEmpty() ? "" : "\n" + trace))
                    + "\n";
        }

        /**
         * Whatever a message quotes: no part of it looks like a record of its own, or reaches a
         * terminal as a command. Further lines are indented.
         */
        private static String oneRecord(String text) {
            StringBuilder shown = new StringBuilder(text.length() + 16);
            text.strip()
                    .chars()
                    .forEach(c -> {
                        if (c == '\n') {
                            shown.append("\n    ");
                        } else if (c == '\t'
                                || c >= ' ' && c < 0x7F
                                || c >= 0xA0 && c != 0x2028 && c != 0x2029) {
                            shown.append((char) c);
                        } else {
                            shown.append(String.format(Locale.ROOT, "\\u%04x", c));
                        }
                    });
            return shown.toString();
        }
    }

    private static final class JsonLine extends Formatter {
        private static final ObjectMapper JSON = new ObjectMapper();
        private final Map<String, ?> fixed;

        JsonLine(Map<String, ?> fixed) {
            this.fixed = fixed;
        }

        @Override
        public String format(LogRecord record) {
            Map<String, Object> line = new LinkedHashMap<>();
            line.put("asctime", TIME.format(record.getInstant()));
            line.put("levelname", name(record.getLevel()));
            line.put("message", formatMessage(record));
            if (record.getThrown() != null) {
                line.put("exc_info", stackTrace(record));
            }
            fixed.forEach((key, value) -> line.put(key, String.valueOf(value)));
            try {
                return JSON.writeValueAsString(line) + "\n";
            } catch (JsonProcessingException e) {
                throw new IllegalStateException("a map of texts can't fail to become JSON", e);
            }
        }
    }
}
