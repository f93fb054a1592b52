package io.kumki.restapi;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** {@code restapi.ciphers}. */
class CipherListTest {

    /** Pairs as {@code openssl ciphers -stdname} gives them. */
    @ParameterizedTest
    @CsvSource({
        "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256, ECDHE-RSA-AES128-GCM-SHA256",
        "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384, ECDHE-ECDSA-AES256-GCM-SHA384",
        "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256, ECDHE-RSA-CHACHA20-POLY1305",
        "TLS_DHE_RSA_WITH_AES_256_CBC_SHA256, DHE-RSA-AES256-SHA256",
        "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA, ECDHE-RSA-AES128-SHA",
        "TLS_RSA_WITH_AES_128_GCM_SHA256, AES128-GCM-SHA256",
        "TLS_RSA_WITH_AES_256_CBC_SHA, AES256-SHA",
        "SSL_RSA_WITH_3DES_EDE_CBC_SHA, DES-CBC3-SHA",
    })
    void theNamesOfOpenSslAreKnown(String suite, String name) {
        assertThat(CipherList.openSslName(suite)).contains(name);
    }

    @Test
    void aListOfNamesKeepsItsOrderAndLeavesTls13Alone() {
        CipherList list =
                CipherList.parse(
                        List.of("ECDHE-RSA-AES256-GCM-SHA384", "ECDHE-RSA-AES128-GCM-SHA256"));
        assertThat(list.unknown()).isEmpty();
        assertThat(list.suites())
                .contains("TLS_AES_256_GCM_SHA384")
                .containsSubsequence(
                        "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384",
                        "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256")
                .filteredOn(suite -> suite.contains("_WITH_"))
                .hasSize(2);
        assertThat(CipherList.parse(List.of("TLS_AES_256_GCM_SHA384")).suites())
                .containsExactly("TLS_AES_256_GCM_SHA384");
    }

    @Test
    void theWordsOfOpenSslSelect() {
        assertThat(CipherList.parse(List.of("ECDHE+AESGCM", "!ECDSA", "!aNULL", "@STRENGTH")))
                .satisfies(list -> {
                    assertThat(list.unknown()).isEmpty();
                    assertThat(list.suites())
                            .filteredOn(suite -> suite.contains("_WITH_"))
                            .isNotEmpty()
                            .allMatch(suite -> suite.matches("TLS_ECDHE_RSA_.*GCM.*"));
                });
        assertThat(
                        CipherList.parse(
                                        List.of(
                                                "HIGH", "!aNULL", "!MD5", "!SHA1", "!SHA256",
                                                "!SHA384"))
                                .suites())
                .isNotEmpty()
                .noneMatch(suite -> suite.contains("_CBC_"));
        assertThat(CipherList.parse(List.of("DEFAULT", "+AES256")).suites().getLast())
                .contains("AES_256");
        assertThat(CipherList.parse(List.of("DEFAULT", "-ECDHE")).suites())
                .noneMatch(suite -> suite.contains("ECDHE"));
    }

    /** Never everything because of a mistake. */
    @Test
    void anUnknownNameIsNamedAndAnEmptyListRefused() {
        CipherList list = CipherList.parse(List.of("ECDHE-RSA-AES256-GCM-SHA384", "FOO-BAR"));
        assertThat(list.unknown()).containsExactly("FOO-BAR");
        assertThat(list.suites())
                .filteredOn(suite -> suite.contains("_WITH_"))
                .containsExactly("TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384");
        assertThatThrownBy(() -> CipherList.parse(List.of("FOO", "RC4")))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("restapi.ciphers = FOO:RC4")
                .hasMessageContaining("unknown: [FOO]");
    }
}
