package io.kumki.agent.config;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Map;
import org.junit.jupiter.api.Test;

class SecretsTest {

    /** Somebody wrote a mapping where a text belongs: what is in it may be the password. */
    @Test
    void aMappingInPlaceOfAPasswordIsHidden() {
        assertThat(
                        Secrets.shown(
                                "postgresql.authentication.replication.password",
                                Map.of("x", "kanari")))
                .isEqualTo("***");
    }
}
