package io.kumki.agent.node;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What a node asks itself by: its own address under its name, and where its health check asks. */
@Timeout(20)
class OwnAddressTest {

    @ParameterizedTest
    @CsvSource({
        "http://127.0.0.1:8008/patroni, true",
        "https://[::1]:8008/patroni, true",
        "http://localhost:8008/patroni, true",
        // URI.getHost takes it for no host, as it does a name with an underscore
        "http://127.1:8008/patroni, true",
        "http://192.0.2.7:8008/patroni, false",
        "http://no-such-host.invalid:8008/patroni, false",
        "nonsense, false",
        "http://:1, false"
    })
    void silenceAtTheOwnAddressSaysNothingAboutOthers(String url, boolean own) {
        assertThat(NameCheck.own(url)).isEqualTo(own);
    }

    @ParameterizedTest
    @CsvSource({
        "0.0.0.0, http://127.0.0.1:8009",
        "*, http://127.0.0.1:8009",
        "'', http://127.0.0.1:8009",
        "'::', http://127.0.0.1:8009",
        "10.0.0.1, http://10.0.0.1:8009",
        "fd00::1, http://[fd00::1]:8009",
        "'[fd00::1]', http://[fd00::1]:8009"
    })
    void theHealthCheckAsksWhereTheAgentListens(String listened, String url) {
        assertThat(HealthcheckFile.url(false, listened, 8009)).isEqualTo(url);
    }

    @Test
    void andByTlsWhereItIsSpoken() {
        assertThat(HealthcheckFile.url(true, "node1", 443)).isEqualTo("https://node1:443");
    }
}
