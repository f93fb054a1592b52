package io.kumki.agent.postgres;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Random;
import org.junit.jupiter.api.RepeatedTest;
import org.junit.jupiter.api.RepetitionInfo;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Files with bytes of any encoding. */
@Timeout(10)
class ForeignTextTest {

    @Test
    void readsUtf8AsItIs() {
        String text = "# Größe 表 \ud83d\ude00\nwork_mem = '4MB'\n";
        assertThat(ForeignText.decode(text.getBytes(StandardCharsets.UTF_8))).isEqualTo(text);
        assertThat(ForeignText.encode(text)).isEqualTo(text.getBytes(StandardCharsets.UTF_8));
    }

    @Test
    void aCommentInLatin1KeepsNothingFromBeingRead(@TempDir Path directory) throws IOException {
        Path file = directory.resolve("postgresql.auto.conf");
        byte[] latin =
                "# Gr\u00f6\u00dfe\nwork_mem = '4MB'\n".getBytes(StandardCharsets.ISO_8859_1);
        Files.write(file, latin);

        String text = ForeignText.read(file);

        assertThat(text.lines()).hasSize(2).last().isEqualTo("work_mem = '4MB'");
        assertThat(GeneratedConf.read(file)).containsEntry("work_mem", "4MB");
        Path copy = directory.resolve("copy");
        AtomicFiles.replace(copy, text, AtomicFiles.Access.OWNER);
        assertThat(copy).hasBinaryContent(latin);
    }

    @RepeatedTest(200)
    void everyByteComesBack(RepetitionInfo repetition) {
        Random random = new Random(repetition.getCurrentRepetition());
        byte[] bytes = new byte[random.nextInt(400)];
        for (int i = 0; i < bytes.length; i++) {
            bytes[i] = (byte) (random.nextBoolean() ? 'a' : random.nextInt(256));
        }
        assertThat(ForeignText.encode(ForeignText.decode(bytes))).isEqualTo(bytes);
    }
}
