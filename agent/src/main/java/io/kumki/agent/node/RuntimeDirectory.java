package io.kumki.agent.node;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;

/**
 * The directory on tmpfs in which everything about one data directory is that ends with the
 * machine.
 */
final class RuntimeDirectory {

    private RuntimeDirectory() {}

    /**
     * Ours alone: who could write there could hold off the guard and the lock.
     *
     * @param base a directory on tmpfs that this user may write to, such as {@code /dev/shm}
     * @throws IOException if it can't be made, or is somebody else's
     */
    static Path of(Path base, Path dataDir) throws IOException {
        String user = System.getProperty("user.name");
        int hash = dataDir.toAbsolutePath().normalize().toString().hashCode();
        Path directory = base.resolve("kumki-" + user + "-" + Integer.toHexString(hash));
        if (!Files.isDirectory(directory, LinkOption.NOFOLLOW_LINKS)) {
            Files.createDirectory(
                    directory,
                    PosixFilePermissions.asFileAttribute(
                            PosixFilePermissions.fromString("rwx------")));
        }
        boolean ours =
                Files.getOwner(directory, LinkOption.NOFOLLOW_LINKS).getName().equals(user)
                        && PosixFilePermissions.toString(Files.getPosixFilePermissions(directory))
                                .equals("rwx------");
        if (!ours) {
            throw new IOException(directory + " isn't a directory of " + user + " alone");
        }
        return directory;
    }
}
