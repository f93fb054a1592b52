package io.kumki.dcs.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.URI;
import java.util.Optional;
import java.util.OptionalInt;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class UrlPlaceTest {

    @ParameterizedTest
    @CsvSource({
        "postgres://node1:5433/postgres, node1, 5433",
        "postgres://app_db_1:5432/postgres, app_db_1, 5432",
        "http://user:secret@app_db_1:8008/patroni, app_db_1, 8008",
        "http://[fe80::1]:8008/patroni, fe80::1, 8008",
        "http://10.0.0.1:8008/patroni, 10.0.0.1, 8008",
    })
    void readsHostAndPort(String url, String host, int port) {
        assertThat(UrlPlace.of(URI.create(url))).contains(new UrlPlace(host, OptionalInt.of(port)));
    }

    @ParameterizedTest
    @CsvSource({
        "postgres://app_db_1/postgres, app_db_1",
        "postgres://node1/postgres, node1",
        "http://[fe80::1]:/, fe80::1"
    })
    void aPortNeedNotBeNamed(String url, String host) {
        assertThat(UrlPlace.of(URI.create(url))).contains(new UrlPlace(host, OptionalInt.empty()));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "postgres:///postgres",
                "node1",
                "postgres://a:1,b:2/postgres",
                "http://a:100000"
            })
    void noHostIsNoPlace(String url) {
        assertThat(UrlPlace.of(URI.create(url))).isEqualTo(Optional.empty());
    }
}
