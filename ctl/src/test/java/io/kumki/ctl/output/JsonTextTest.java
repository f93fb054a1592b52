package io.kumki.ctl.output;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import org.junit.jupiter.api.Test;

class JsonTextTest {

    @Test
    void blanks_follow_commas_and_colons_and_all_is_ascii() {
        Map<String, Object> value = new LinkedHashMap<>();
        value.put("a", Arrays.asList(1, null, true, 1.5));
        value.put("b", "é \"x\"\n\u0001\ud83d\udc18");
        assertThat(JsonText.write(value))
                .isEqualTo(
                        "{\"a\": [1, null, true, 1.5], \"b\": \"\\u00e9 \\\"x\\\"\\n\\u0001"
                                + "\\ud83d\\udc18\"}");
    }
}
