package io.kumki.ctl;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.time.ZoneId;
import java.time.format.DateTimeFormatter;
import java.util.Locale;
import java.util.Map;
import java.util.logging.ConsoleHandler;
import java.util.logging.Formatter;
import java.util.logging.Level;
import java.util.logging.LogManager;
import java.util.logging.LogRecord;
import java.util.logging.Logger;
import org.jspecify.annotations.Nullable;

/** Log lines on standard error: {@code DATE TIME,MS - LEVEL - TEXT}. */
final class Logging {

    /** Later ones win. */
    private static final String[] VARIABLES = {"LOGLEVEL", "PATRONI_LOGLEVEL", "PATRONI_LOG_LEVEL"};

    private Logging() {}

    /** Sets the level from the environment, {@code WARNING} by default. */
    static void set(Map<String, String> environment) {
        Level level = Level.WARNING;
        for (String variable : VARIABLES) {
            Level asked = level(environment.get(variable));
            if (asked != null) {
                level = asked;
            }
        }
        LogManager.getLogManager().reset();
        ConsoleHandler handler = new ConsoleHandler();
        handler.setLevel(Level.ALL);
        handler.setFormatter(new Lines());
        Logger root = Logger.getLogger("");
        root.setLevel(level);
        root.addHandler(handler);
    }

    private static @Nullable Level level(@Nullable String name) {
        if (name == null) {
            return null;
        }
        return switch (name.toUpperCase(Locale.ROOT)) {
            case "DEBUG" -> Level.FINE;
            case "INFO" -> Level.INFO;
            case "WARN", "WARNING" -> Level.WARNING;
            case "ERROR", "FATAL", "CRITICAL" -> Level.SEVERE;
            default -> null;
        };
    }

    private static final class Lines extends Formatter {

        private static final DateTimeFormatter TIME =
                DateTimeFormatter.ofPattern("yyyy-MM-dd HH:mm:ss,SSS", Locale.ROOT);

        @Override
        public String format(LogRecord entry) {
            StringBuilder line = new StringBuilder();
            line.append(TIME.format(entry.getInstant().atZone(ZoneId.systemDefault())));
            line.append(" - ").append(level(entry.getLevel()));
            line.append(" - ").append(formatMessage(entry)).append('\n');
            if (entry.getThrown() != null) {
                StringWriter trace = new StringWriter();
                entry.getThrown().printStackTrace(new PrintWriter(trace));
                line.append(trace);
            }
            return line.toString();
        }

        private static String level(Level level) {
            if (level.intValue() >= Level.SEVERE.intValue()) {
                return "ERROR";
            } else if (level.intValue() >= Level.WARNING.intValue()) {
                return "WARNING";
            }
            return level.intValue() >= Level.INFO.intValue() ? "INFO" : "DEBUG";
        }
    }
}
