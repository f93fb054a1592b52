package io.kumki.agent.postgres.rejoin;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Ends programs that still write a copy nobody wants any more: those of an agent that was killed,
 * or a child that left its script's process group. Two writers in one directory would make a copy
 * that looks whole and isn't.
 *
 * <p>Whatever a method starts inherits a variable of its environment that names the data directory;
 * by that it is found in {@code /proc}.
 */
final class StrayCopies {

    static final String VARIABLE = "KUMKI_CLONE_INTO";

    private static final Logger LOG = LoggerFactory.getLogger(StrayCopies.class);

    private StrayCopies() {}

    /** Kills them; those of other users can't be seen and can't write here either. */
    static void end(Path dataDir) {
        byte[] wanted =
                (VARIABLE + "=" + dataDir.toAbsolutePath()).getBytes(StandardCharsets.UTF_8);
        List<ProcessHandle> strays =
                ProcessHandle.allProcesses()
                        .filter(process -> process.pid() != ProcessHandle.current().pid())
                        .filter(process -> has(process.pid(), wanted))
                        .toList();
        for (ProcessHandle stray : strays) {
            LOG.atWarn()
                    .addKeyValue("pid", stray.pid())
                    .addKeyValue("program", stray.info().command().orElse("unknown"))
                    .log("a program of an earlier copy still runs; it is killed");
            stray.destroyForcibly();
        }
        strays.forEach(stray -> stray.onExit().join());
    }

    private static boolean has(long pid, byte[] wanted) {
        return environment(pid)
                .map(text -> new String(text, StandardCharsets.ISO_8859_1))
                .filter(text ->
                        List.of(text.split("\0", -1))
                                .contains(new String(wanted, StandardCharsets.ISO_8859_1)))
                .isPresent();
    }

    private static Optional<byte[]> environment(long pid) {
        try {
            return Optional.of(Files.readAllBytes(Path.of("/proc/" + pid + "/environ")));
        } catch (IOException e) {
            return Optional.empty();
        }
    }
}
