package io.kumki.agent.node;

import io.kumki.agent.ha.Crashes;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The crashes of this member's primary, on tmpfs: what ends the server often ends the agent too,
 * and the next agent must go on counting. It ends with the machine, as the clock that its times are
 * of. A line {@code up SERVER|PROCESSES} says what ran at the last look, and so ends with a crash.
 *
 * <p>Used on the loop's thread: a file of a few lines on tmpfs doesn't block.
 */
final class CrashFile {

    private static final Logger LOG = LoggerFactory.getLogger(CrashFile.class);

    private static final String NAME = "crashes";

    private static final String UP = "up ";

    private static final String AT = "at ";

    private final Path file;
    private String written = "";
    private boolean warned;

    /**
     * @param directory this data directory's own, see {@link RuntimeDirectory}
     */
    CrashFile(Path directory) {
        this.file = directory.resolve(NAME);
    }

    /**
     * What the agent before this one has counted; what can't be read counts as nothing.
     *
     * @param nowNanos later times are of another boot
     */
    Crashes read(long nowNanos) {
        try {
            List<Long> atNanos = new ArrayList<>();
            Optional<Crashes.Life> up = Optional.empty();
            for (String line : Files.readAllLines(file, StandardCharsets.UTF_8)) {
                if (line.startsWith(AT)) {
                    long at = Long.parseLong(line.substring(AT.length()));
                    if (at <= nowNanos) {
                        atNanos.add(at);
                    }
                } else if (line.startsWith(UP)) {
                    String[] life = line.substring(UP.length()).split("\\|", 2);
                    up = Optional.of(new Crashes.Life(life[0], life.length > 1 ? life[1] : ""));
                }
            }
            Crashes known = new Crashes(atNanos, up, false);
            written = text(known);
            return known;
        } catch (NoSuchFileException _) {
            return Crashes.NONE;
        } catch (IOException | NumberFormatException e) {
            LOG.atWarn()
                    .addKeyValue("path", file)
                    .addKeyValue("error", e.toString())
                    .log(
                            "the crashes that were counted before can't be read: counting begins anew");
            return Crashes.NONE;
        }
    }

    /** After each turn; writes only what is new. */
    void write(Crashes crashes) {
        String text = text(crashes);
        if (text.equals(written)) {
            return;
        }
        Path fresh = file.resolveSibling(NAME + ".new");
        try {
            Files.writeString(fresh, text);
            Files.move(fresh, file, StandardCopyOption.ATOMIC_MOVE);
            written = text;
            warned = false;
        } catch (IOException e) {
            if (!warned) {
                warned = true;
                LOG.atWarn()
                        .addKeyValue("path", file)
                        .addKeyValue("error", e.toString())
                        .log(
                                "crashes can't be written down: an agent that starts now would count"
                                        + " from zero");
            }
        }
    }

    private static String text(Crashes crashes) {
        StringBuilder text = new StringBuilder();
        crashes.up()
                .ifPresent(life ->
                        text.append(UP)
                                .append(life.postmaster())
                                .append('|')
                                .append(life.memory())
                                .append('\n'));
        crashes.atNanos().forEach(at -> text.append(AT).append(at).append('\n'));
        return text.toString();
    }
}
