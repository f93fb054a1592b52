package io.kumki.agent.postgres;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.stream.Stream;

/** What can be told about a data directory from its files. */
public final class DataDirectories {

    private DataDirectories() {}

    /**
     * Missing, or nothing in it but hidden entries and {@code lost+found}.
     *
     * @throws IOException if it can't be read: that is never "empty"
     */
    public static boolean isEmpty(Path dataDir) throws IOException {
        if (Files.exists(dataDir.resolve("global").resolve("pg_control"))) {
            return false;
        }
        try (Stream<Path> entries = Files.list(dataDir)) {
            return entries.map(entry -> String.valueOf(entry.getFileName()))
                    .allMatch(name -> name.startsWith(".") || name.equals("lost+found"));
        } catch (NoSuchFileException e) {
            return true;
        }
    }

    /** Major version from {@code PG_VERSION}; 0 if it can't be read. */
    public static int major(Path dataDir) {
        try {
            String text = Files.readString(dataDir.resolve("PG_VERSION")).strip();
            return text.matches("\\d{1,3}") ? Integer.parseInt(text) : 0;
        } catch (IOException e) {
            return 0;
        }
    }

    /** Whether the server would start in recovery by a signal file (PostgreSQL 12 and later). */
    public static boolean standbySignal(Path dataDir) {
        return Files.exists(dataDir.resolve("standby.signal"))
                || Files.exists(dataDir.resolve("recovery.signal"));
    }

    public static boolean backupLabel(Path dataDir) {
        return Files.exists(dataDir.resolve("backup_label"));
    }
}
