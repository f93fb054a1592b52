package io.kumki.agent.postgres.rejoin;

import io.kumki.agent.postgres.ProgramCall;
import java.nio.file.Path;
import java.util.List;

/** {@code archive_command} and {@code restore_command} with their placeholders. */
final class WalCommand {

    /**
     * The oldest file that must be kept for a restart; the first segment there can be, so that a
     * command that cleans up by {@code %r} removes nothing.
     */
    private static final String NOTHING_TO_CLEAN = "000000010000000000000001";

    private WalCommand() {}

    /**
     * One segment of the WAL directory, handed to {@code archive_command} as the server would: by a
     * shell in the data directory.
     */
    static ProgramCall archiving(String command, String segment, Path dataDir) {
        return ProgramCall.of(List.of("/bin/sh", "-c", fill(command, segment, "pg_wal/" + segment)))
                .in(dataDir);
    }

    /**
     * @param file for {@code %f}
     * @param path for {@code %p}, relative to the data directory
     */
    static String fill(String command, String file, String path) {
        StringBuilder filled = new StringBuilder();
        for (int i = 0; i < command.length(); i++) {
            char c = command.charAt(i);
            char next = i + 1 < command.length() ? command.charAt(i + 1) : 0;
            String value =
                    c != '%'
                            ? null
                            : switch (next) {
                                case 'f' -> file;
                                case 'p' -> path;
                                case 'r' -> NOTHING_TO_CLEAN;
                                case '%' -> "%";
                                default -> null;
                            };
            filled.append(value == null ? String.valueOf(c) : value);
            i += value == null ? 0 : 1;
        }
        return filled.toString();
    }
}
