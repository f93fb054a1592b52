package io.kumki.dcs.environment;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class OwnVariablesTest {

    @TempDir Path directory;

    @Test
    void bothPrefixesNameTheSameAndOthersAreLeftOut() {
        OwnVariables read =
                OwnVariables.of(
                        Map.of("PATRONI_NAME", "a", "KUMKI_SCOPE", "main", "PATRONICTL_X", "y"));

        assertThat(read.values())
                .containsExactlyInAnyOrderEntriesOf(
                        Map.of("PATRONI_NAME", "a", "PATRONI_SCOPE", "main"));
        assertThat(read.origins().get("PATRONI_SCOPE")).isEqualTo("KUMKI_SCOPE");
        assertThat(read.warnings()).isEmpty();
    }

    @Test
    void ofTwoTheOwnNameWinsAndThatIsSaid() {
        OwnVariables read =
                OwnVariables.of(Map.of("PATRONI_NAME", "secret1", "KUMKI_NAME", "secret2"));

        assertThat(read.values()).containsEntry("PATRONI_NAME", "secret2");
        assertThat(read.warnings())
                .containsExactly("KUMKI_NAME and PATRONI_NAME differ: KUMKI_NAME is used");
        assertThat(OwnVariables.of(Map.of("PATRONI_NAME", "a", "KUMKI_NAME", "a")).warnings())
                .isEmpty();
        assertThat(OwnVariables.of(Map.of("PATRONI_NAME", "a", "KUMKI_NAME", "")).values())
                .as("an empty one counts as unset")
                .containsEntry("PATRONI_NAME", "a");
    }

    @Test
    void inTheImageThePasswordOfOtherImagesIsTheSuperusersAndCountsLeast() throws IOException {
        Map<String, String> image =
                Map.of("KUMKI_IMAGE_BIN_DIR", "/x", "POSTGRES_PASSWORD", "secret1");
        OwnVariables read = OwnVariables.of(image);

        assertThat(read.values())
                .containsExactlyEntriesOf(Map.of("PATRONI_SUPERUSER_PASSWORD", "secret1"));
        assertThat(read.origins()).containsEntry("PATRONI_SUPERUSER_PASSWORD", "POSTGRES_PASSWORD");

        Map<String, String> both = new HashMap<>(image);
        both.put("PATRONI_SUPERUSER_PASSWORD", "secret2");
        assertThat(OwnVariables.of(both).values())
                .containsEntry("PATRONI_SUPERUSER_PASSWORD", "secret2");
        both.put("POSTGRES_PASSWORD_FILE", "/x");
        assertThat(OwnVariables.of(both).problems())
                .extracting(OwnVariables.Problem::message)
                .containsExactly("POSTGRES_PASSWORD is set as well: leave one of them out");
        assertThat(OwnVariables.of(Map.of("POSTGRES_PASSWORD", "x")).values())
                .as("outside of the image it is somebody else's")
                .isEmpty();
    }

    @Test
    void anEmptyFileHoldsNoSecret() throws IOException {
        Path file = Files.writeString(directory.resolve("secret"), "\n");

        assertThat(OwnVariables.of(Map.of("KUMKI_NAME_FILE", file.toString())).problems())
                .extracting(OwnVariables.Problem::message)
                .containsExactly("the file is empty: write the value into it");
    }

    @Test
    void aFileHoldsTheValueWithoutItsLastLineBreak() throws IOException {
        Path file = Files.writeString(directory.resolve("secret"), "two\nlines\n");

        OwnVariables read =
                OwnVariables.of(Map.of("KUMKI_SUPERUSER_PASSWORD_FILE", file.toString()));

        assertThat(read.values())
                .containsExactlyEntriesOf(Map.of("PATRONI_SUPERUSER_PASSWORD", "two\nlines"));
        assertThat(read.origins())
                .containsEntry("PATRONI_SUPERUSER_PASSWORD", "KUMKI_SUPERUSER_PASSWORD_FILE");
    }

    @Test
    void everyFileThatCannotBeUsedIsNamedWithARemedy() throws IOException {
        Path bytes = Files.write(directory.resolve("bytes"), new byte[] {(byte) 0xff});
        OwnVariables read =
                OwnVariables.of(
                        Map.of(
                                "PATRONI_A_FILE", "/no/such/file",
                                "PATRONI_B_FILE", bytes.toString(),
                                "PATRONI_C_FILE", directory.toString(),
                                "PATRONI_D_FILE", "x\0y",
                                "PATRONI_E_FILE", bytes.toString(),
                                "PATRONI_E", "both",
                                "PATRONI_F_FILE", ""));

        assertThat(read.values()).containsExactlyEntriesOf(Map.of("PATRONI_E", "both"));
        assertThat(read.problems())
                .extracting(OwnVariables.Problem::variable)
                .containsExactly(
                        "PATRONI_A_FILE",
                        "PATRONI_B_FILE",
                        "PATRONI_C_FILE",
                        "PATRONI_D_FILE",
                        "PATRONI_E_FILE");
        assertThat(read.problems().getFirst().message()).contains("mount it");
        assertThat(read.problems().getLast().message()).contains("leave one of them out");
    }
}
