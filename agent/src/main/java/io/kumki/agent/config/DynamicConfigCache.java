package io.kumki.agent.config;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.type.TypeReference;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * The copy of the dynamic configuration in the data directory, {@code patroni.dynamic.json}: used
 * before the store has answered, and by a leader to restore a store that lost it. No trouble with
 * it is fatal: callers log an exception's message and go on. Blocks; one writer.
 */
public final class DynamicConfigCache {

    /** The name that all managers of this wire format share. */
    public static final String FILE = "patroni.dynamic.json";

    private static final long MAX_BYTES = 4 << 20;
    private static final ObjectMapper JSON = new ObjectMapper();

    private final Path dataDir;

    public DynamicConfigCache(Path dataDir) {
        this.dataDir = dataDir;
    }

    /**
     * The copy; empty if there is none.
     *
     * @throws IOException if it can't be read or holds no JSON object; the message names the file
     */
    public Optional<Map<String, @Nullable Object>> read() throws IOException {
        Path file = dataDir.resolve(FILE);
        try {
            if (Files.size(file) > MAX_BYTES) {
                throw new IOException(file + " is ignored: larger than " + MAX_BYTES + " bytes");
            }
            Map<String, @Nullable Object> values =
                    JSON.readValue(Files.readAllBytes(file), new TypeReference<>() {});
            return Optional.ofNullable(values);
        } catch (NoSuchFileException e) {
            return Optional.empty();
        } catch (JsonProcessingException e) {
            throw new IOException(
                    file + " is ignored: no JSON object: " + e.getOriginalMessage(), e);
        }
    }

    /**
     * Replaces the copy as a whole, durably; without a data directory there is nothing to do.
     *
     * @return whether it was written
     * @throws IOException the old copy is still there
     */
    public boolean write(Map<String, ?> values) throws IOException {
        if (!Files.isDirectory(dataDir)) {
            return false;
        }
        boolean group =
                Files.getPosixFilePermissions(dataDir).contains(PosixFilePermission.GROUP_READ);
        var mode = PosixFilePermissions.fromString(group ? "rw-r-----" : "rw-------");
        Path fresh = dataDir.resolve(FILE + ".new");
        Files.deleteIfExists(fresh); // of an agent that was killed meanwhile
        Files.createFile(fresh, PosixFilePermissions.asFileAttribute(mode));
        try {
            try (FileChannel channel = FileChannel.open(fresh, StandardOpenOption.WRITE)) {
                ByteBuffer content =
                        ByteBuffer.wrap(
                                JSON.writeValueAsString(values).getBytes(StandardCharsets.UTF_8));
                while (content.hasRemaining()) {
                    channel.write(content);
                }
                channel.force(true);
            }
            Files.setPosixFilePermissions(fresh, mode);
            Files.move(
                    fresh,
                    dataDir.resolve(FILE),
                    StandardCopyOption.ATOMIC_MOVE,
                    StandardCopyOption.REPLACE_EXISTING);
        } finally {
            Files.deleteIfExists(fresh);
        }
        try (FileChannel directory = FileChannel.open(dataDir, StandardOpenOption.READ)) {
            directory.force(true);
        }
        return true;
    }
}
