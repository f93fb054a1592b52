package io.kumki.dcs.json;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.params.provider.Arguments.argumentSet;

import com.fasterxml.jackson.core.type.TypeReference;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

class ConfigPatchTest {

    private static final ObjectMapper JSON = new ObjectMapper();

    static Stream<Arguments> patches() {
        return Stream.of(
                argumentSet("null removes", "{'a':1,'b':2}", "{'a':null}", "{'b':2}"),
                argumentSet("null of nothing", "{'a':1}", "{'x':null}", "{'a':1}"),
                argumentSet(
                        "objects merge",
                        "{'p':{'x':1,'y':2}}",
                        "{'p':{'y':null,'z':3}}",
                        "{'p':{'x':1,'z':3}}"),
                argumentSet(
                        "a new object keeps its nulls",
                        "{}",
                        "{'p':{'x':null}}",
                        "{'p':{'x':null}}"),
                argumentSet("object over scalar", "{'p':1}", "{'p':{'x':1}}", "{'p':{'x':1}}"),
                argumentSet("scalar over object", "{'p':{'x':1}}", "{'p':1}", "{'p':1}"),
                argumentSet("same text keeps the type", "{'a':5}", "{'a':'5'}", "{'a':5}"),
                argumentSet("other text replaces", "{'a':5}", "{'a':'6'}", "{'a':'6'}"),
                argumentSet(
                        "truth and its word differ", "{'a':true}", "{'a':'true'}", "{'a':'true'}"),
                argumentSet("lists replace", "{'a':[1,2]}", "{'a':['1','2']}", "{'a':['1','2']}"),
                argumentSet("over a stored null", "{'a':null}", "{'a':1}", "{'a':1}"));
    }

    @ParameterizedTest
    @MethodSource("patches")
    void mergesAsTheContractSays(String current, String patch, String merged) throws Exception {
        assertThat(JSON.writeValueAsString(ConfigPatch.apply(read(current), read(patch))))
                .isEqualTo(merged.replace('\'', '"'));
    }

    @Test
    void comparesByTextAtEveryLevel() throws Exception {
        assertThat(ConfigPatch.same(read("{'a':{'b':5}}"), read("{'a':{'b':'5'}}"))).isTrue();
        assertThat(ConfigPatch.same(read("{'a':{'b':5}}"), read("{'a':{'b':5,'c':1}}"))).isFalse();
        assertThat(ConfigPatch.same(read("{'a':{}}"), read("{'a':'{}'}"))).isFalse();
        assertThat(ConfigPatch.same(read("{'a':null}"), read("{'b':null}"))).isFalse();
    }

    private static Map<String, Object> read(String json) throws Exception {
        return JSON.readValue(json.replace('\'', '"'), new TypeReference<>() {});
    }
}
