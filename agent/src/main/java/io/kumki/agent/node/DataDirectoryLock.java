package io.kumki.agent.node;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Optional;

/**
 * One agent a data directory: a second one, under another name, would fence and rewind the first
 * one's server. The lock ends with the process.
 */
final class DataDirectoryLock {

    private final FileChannel channel;

    private DataDirectoryLock(FileChannel channel) {
        this.channel = channel;
    }

    /**
     * @param runtime this data directory's own directory on tmpfs, see {@link RuntimeDirectory}
     * @return empty if another process holds it
     */
    @SuppressWarnings("resource") // held until the process ends
    static Optional<DataDirectoryLock> take(Path runtime) throws IOException {
        FileChannel channel =
                FileChannel.open(
                        runtime.resolve("agent"),
                        StandardOpenOption.CREATE,
                        StandardOpenOption.WRITE);
        FileLock lock = channel.tryLock();
        if (lock == null) {
            channel.close();
            return Optional.empty();
        }
        return Optional.of(new DataDirectoryLock(channel));
    }

    boolean held() {
        return channel.isOpen();
    }
}
