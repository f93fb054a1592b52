package io.kumki.restapi;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.networknt.schema.Schema;
import com.networknt.schema.SchemaLocation;
import com.networknt.schema.SchemaRegistry;
import com.networknt.schema.SpecificationVersion;
import java.io.IOException;
import java.io.InputStream;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.yaml.snakeyaml.LoaderOptions;
import org.yaml.snakeyaml.Yaml;
import org.yaml.snakeyaml.constructor.SafeConstructor;

/**
 * {@code openapi.yaml} is OpenAPI 3.1, by the OpenAPI Initiative's own schema (of its repository,
 * Apache License 2.0), and each schema in it is one of JSON Schema 2020-12.
 */
@Timeout(60)
class OpenApiSchemaTest {

    private static final ObjectMapper JSON = new ObjectMapper();

    private static final SchemaRegistry REGISTRY =
            SchemaRegistry.withDefaultDialect(SpecificationVersion.DRAFT_2020_12);

    @Test
    void theDocumentIsOpenApi31() throws IOException {
        Schema openApi = REGISTRY.getSchema(JSON.readTree(file("openapi-3.1-schema.json")));
        JsonNode document = document();
        assertThat(openApi.validate(document)).isEmpty();

        ((ObjectNode) document.at("/paths/~1config/get")).remove("responses");
        ((ObjectNode) document.at("/info")).put("nonsense", true);
        assertThat(openApi.validate(document)).as("a check that can fail").hasSizeGreaterThan(0);
    }

    @Test
    void itsSchemasAreJsonSchema() throws IOException {
        Schema meta =
                REGISTRY.getSchema(
                        SchemaLocation.of("https://json-schema.org/draft/2020-12/schema"));
        JsonNode schemas = document().at("/components/schemas");
        assertThat(schemas.size()).isGreaterThan(3);
        schemas.properties()
                .forEach(schema ->
                        assertThat(meta.validate(schema.getValue())).as(schema.getKey()).isEmpty());
        assertThat(meta.validate(JSON.readTree("{\"type\": \"strings\"}")))
                .as("a check that can fail")
                .isNotEmpty();
    }

    private static JsonNode document() throws IOException {
        return JSON.valueToTree(
                new Yaml(new SafeConstructor(new LoaderOptions())).load(file("openapi.yaml")));
    }

    private static InputStream file(String name) {
        return Objects.requireNonNull(OpenApiSchemaTest.class.getResourceAsStream(name), name);
    }
}
