package io.kumki.dcs.json;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.core.json.JsonWriteFeature;
import java.io.IOException;
import java.io.StringWriter;
import java.io.UncheckedIOException;
import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * JSON text to and from plain trees: {@code LinkedHashMap<String, Object>}, {@code ArrayList},
 * String, Boolean, null, and numbers that keep their value (Integer, Long, BigInteger, Double,
 * BigDecimal).
 *
 * <p>Written without blanks, non-ASCII characters as {@code \\uXXXX}: the form that all members of
 * a mixed cluster write, so that equal content is equal text.
 */
public final class JsonText {

    private static final JsonFactory FACTORY =
            JsonFactory.builder()
                    .enable(JsonWriteFeature.ESCAPE_NON_ASCII)
                    .disable(StreamReadFeature.AUTO_CLOSE_SOURCE)
                    .build();

    private JsonText() {}

    /**
     * Parses one JSON value; of a name that stands twice in an object the last value counts.
     *
     * @throws IllegalArgumentException if the text is no JSON, or something follows the value
     */
    public static @Nullable Object parse(String text) {
        try (JsonParser parser = FACTORY.createParser(text)) {
            JsonToken token = parser.nextToken();
            if (token == null) {
                throw new IllegalArgumentException("not JSON: empty text");
            }
            Object value = value(parser, token);
            if (parser.nextToken() != null) {
                throw new IllegalArgumentException("not JSON: text after the value");
            }
            return value;
        } catch (IOException e) {
            throw new IllegalArgumentException("not JSON: " + firstLine(e.getMessage()), e);
        }
    }

    /**
     * Writes a tree compactly.
     *
     * @throws IllegalArgumentException if it holds something JSON has no form for
     */
    public static String write(@Nullable Object tree) {
        StringWriter text = new StringWriter();
        try (JsonGenerator generator = FACTORY.createGenerator(text)) {
            write(generator, tree);
        } catch (IOException e) {
            throw new UncheckedIOException(e); // a StringWriter doesn't fail
        }
        return text.toString();
    }

    private static @Nullable Object value(JsonParser parser, JsonToken token) throws IOException {
        return switch (token) {
            case START_OBJECT -> object(parser);
            case START_ARRAY -> array(parser);
            case VALUE_STRING -> parser.getText();
            case VALUE_NUMBER_INT -> parser.getNumberValue();
            case VALUE_NUMBER_FLOAT -> fraction(parser.getText());
            case VALUE_TRUE -> true;
            case VALUE_FALSE -> false;
            case VALUE_NULL -> null;
            default -> throw new IllegalArgumentException("not JSON: unexpected " + token);
        };
    }

    private static Map<String, @Nullable Object> object(JsonParser parser) throws IOException {
        Map<String, @Nullable Object> object = new LinkedHashMap<>();
        for (String name = parser.nextFieldName(); name != null; name = parser.nextFieldName()) {
            object.put(name, value(parser, parser.nextToken()));
        }
        return object;
    }

    private static List<@Nullable Object> array(JsonParser parser) throws IOException {
        List<@Nullable Object> array = new ArrayList<>();
        for (JsonToken token = parser.nextToken();
                token != JsonToken.END_ARRAY;
                token = parser.nextToken()) {
            array.add(value(parser, token));
        }
        return array;
    }

    /** A double where it says the same as the text, else the exact decimal number. */
    private static Number fraction(String text) {
        BigDecimal exact = new BigDecimal(text);
        double near = exact.doubleValue();
        return Double.isFinite(near) && exact.compareTo(new BigDecimal(Double.toString(near))) == 0
                ? near
                : exact;
    }

    private static void write(JsonGenerator generator, @Nullable Object tree) throws IOException {
        switch (tree) {
            case null -> generator.writeNull();
            case Map<?, ?> map -> {
                generator.writeStartObject();
                for (Map.Entry<?, ?> entry : map.entrySet()) {
                    generator.writeFieldName(String.valueOf(entry.getKey()));
                    write(generator, entry.getValue());
                }
                generator.writeEndObject();
            }
            case Iterable<?> list -> {
                generator.writeStartArray();
                for (Object element : list) {
                    write(generator, element);
                }
                generator.writeEndArray();
            }
            case String text -> generator.writeString(text);
            case Boolean flag -> generator.writeBoolean(flag);
            case Number number -> writeNumber(generator, number);
            default ->
                    throw new IllegalArgumentException(
                            "JSON has no form for a " + tree.getClass().getName());
        }
    }

    private static void writeNumber(JsonGenerator generator, Number number) throws IOException {
        if (number instanceof Double near && !Double.isFinite(near)) {
            throw new IllegalArgumentException("JSON has no form for " + number);
        }
        generator.writeNumber(number.toString());
    }

    private static String firstLine(@Nullable String message) {
        return message == null ? "" : message.lines().findFirst().orElse("");
    }
}
