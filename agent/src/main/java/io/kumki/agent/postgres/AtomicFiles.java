package io.kumki.agent.postgres;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Arrays;
import java.util.Set;

/**
 * Replaces whole files so that a reader sees the old or the new content and a crash leaves one of
 * the two. A symbolic link stays one: its target is replaced.
 */
public final class AtomicFiles {

    /** Who may read the file. */
    public enum Access {
        /** 0600. */
        OWNER("rw-------"),
        /** 0640, for data directories with group access. */
        GROUP("rw-r-----");

        private final String mode;

        Access(String mode) {
            this.mode = mode;
        }

        private Set<PosixFilePermission> permissions() {
            return PosixFilePermissions.fromString(mode);
        }

        /** What files in this data directory get: group access if the directory itself has it. */
        public static Access in(Path dataDir) throws IOException {
            return Files.isDirectory(dataDir)
                            && Files.getPosixFilePermissions(dataDir)
                                    .contains(PosixFilePermission.GROUP_READ)
                    ? GROUP
                    : OWNER;
        }
    }

    private AtomicFiles() {}

    /**
     * @param content written as UTF-8; see {@link ForeignText}
     * @return whether anything was written; a file with that content already is left alone
     */
    public static boolean replace(Path file, String content, Access access) throws IOException {
        byte[] bytes = ForeignText.encode(content);
        Path target = Files.isSymbolicLink(file) ? file.toRealPath() : file.toAbsolutePath();
        if (Files.isRegularFile(target, LinkOption.NOFOLLOW_LINKS)
                && Files.size(target) == bytes.length
                && Arrays.equals(Files.readAllBytes(target), bytes)) {
            Files.setPosixFilePermissions(target, access.permissions());
            return false;
        }
        Path directory = target.getParent();
        if (directory == null) {
            throw new IOException("cannot write " + target + ": it has no directory");
        }
        FileAttribute<?> mode = PosixFilePermissions.asFileAttribute(access.permissions());
        Path fresh = Files.createTempFile(directory, ".kumki-", ".new", mode);
        try {
            try (FileChannel channel = FileChannel.open(fresh, StandardOpenOption.WRITE)) {
                ByteBuffer buffer = ByteBuffer.wrap(bytes);
                while (buffer.hasRemaining()) {
                    channel.write(buffer);
                }
                channel.force(true);
            }
            Files.setPosixFilePermissions(fresh, access.permissions());
            Files.move(
                    fresh,
                    target,
                    StandardCopyOption.ATOMIC_MOVE,
                    StandardCopyOption.REPLACE_EXISTING);
        } finally {
            Files.deleteIfExists(fresh);
        }
        syncDirectory(directory);
        return true;
    }

    /** Makes creations, renames and deletions in a directory survive a crash. */
    public static void syncDirectory(Path directory) throws IOException {
        try (FileChannel channel = FileChannel.open(directory, StandardOpenOption.READ)) {
            channel.force(true);
        }
    }
}
