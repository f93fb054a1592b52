package io.kumki.restapi;

import io.vertx.core.buffer.Buffer;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.SortedSet;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;
import org.yaml.snakeyaml.LoaderOptions;
import org.yaml.snakeyaml.Yaml;
import org.yaml.snakeyaml.constructor.SafeConstructor;

/**
 * The description of the API, as {@code /openapi.yaml} gives it. Every answer that a test gets is
 * compared with it, so it can't lack a status code, a type of content or a field of an object.
 */
final class OpenApi {

    static final OpenApi DOCUMENT = load();

    private static final List<String> METHODS =
            List.of("get", "head", "options", "post", "put", "patch", "delete");

    /** What the HTTP layer or an error in the agent answers: {@code default} describes these. */
    private static final List<Integer> REFUSED = List.of(400, 414, 431, 500, 501);

    private final Map<String, Object> root;

    private OpenApi(Map<String, Object> root) {
        this.root = root;
    }

    private static OpenApi load() {
        try (InputStream file =
                Objects.requireNonNull(OpenApi.class.getResourceAsStream("openapi.yaml"))) {
            return new OpenApi(new Yaml(new SafeConstructor(new LoaderOptions())).load(file));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Such as {@code get /config}. */
    SortedSet<String> operations() {
        SortedSet<String> found = new TreeSet<>();
        paths().forEach((path, item) ->
                METHODS.stream()
                        .filter(object(item)::containsKey)
                        .forEach(method -> found.add(method + " " + path)));
        return found;
    }

    Map<String, Object> paths() {
        return object(root.get("paths"));
    }

    Map<String, Object> components(String kind) {
        return object(object(root.get("components")).get(kind));
    }

    /** Names of parameters that stand in a query. */
    SortedSet<String> queryParameters() {
        SortedSet<String> names = new TreeSet<>();
        components("parameters").values().stream()
                .map(OpenApi::object)
                .filter(parameter -> "query".equals(parameter.get("in")))
                .forEach(parameter -> names.add(String.valueOf(parameter.get("name"))));
        return names;
    }

    /** All targets of {@code $ref}. */
    SortedSet<String> references() {
        SortedSet<String> found = new TreeSet<>();
        collect(root, found);
        return found;
    }

    private static void collect(@Nullable Object node, SortedSet<String> found) {
        if (node instanceof Map<?, ?> map) {
            if (map.get("$ref") instanceof String reference) {
                found.add(reference);
            }
            map.values().forEach(value -> collect(value, found));
        } else if (node instanceof List<?> list) {
            list.forEach(value -> collect(value, found));
        }
    }

    /** Fails if this answer of a path that is described isn't described. */
    void check(String method, String path, Api.Reply reply) {
        Optional<Map<String, Object>> operation = operation(method, path);
        if (operation.isEmpty()) {
            return;
        }
        String what = method + " " + path + ": " + reply.status();
        Map<String, Object> responses = object(operation.get().get("responses"));
        Object response = responses.get(Integer.toString(reply.status()));
        if (response == null) {
            if (!REFUSED.contains(reply.status())) {
                throw new AssertionError("not in openapi.yaml: " + what + " " + reply.body());
            }
            return;
        }
        Map<String, Object> content = object(resolved(response).getOrDefault("content", Map.of()));
        String type = reply.header("Content-Type").split(";", 2)[0];
        if (type.equals("application/json")) {
            Object media = content.get(type);
            if (media == null) {
                throw new AssertionError("not in openapi.yaml: " + what + " as " + type);
            }
            List<String> problems = new ArrayList<>();
            match(object(media).get("schema"), json(reply.body()), "", problems);
            if (!problems.isEmpty()) {
                throw new AssertionError("not in openapi.yaml: " + what + " " + problems);
            }
        } else if (reply.body().isEmpty() && !content.isEmpty() && !method.equals("HEAD")) {
            throw new AssertionError("openapi.yaml promises a body: " + what);
        }
    }

    private Optional<Map<String, Object>> operation(String method, String path) {
        Object exact = paths().get(path);
        return Optional.ofNullable(exact)
                .map(item -> object(item).get(method.toLowerCase(Locale.ROOT)))
                .map(OpenApi::object);
    }

    private static @Nullable Object json(String body) {
        return Json.object(Buffer.buffer("{\"value\":" + body + "}")).orElseThrow().get("value");
    }

    /** Problems of an event's data. */
    List<String> eventProblems(Map<String, @Nullable Object> data) {
        List<String> problems = new ArrayList<>();
        match(components("schemas").get("Event"), data, "", problems);
        return problems;
    }

    /**
     * The part of JSON Schema that the document uses, but closed: an object has no other fields
     * than those described, unless it says so.
     */
    private void match(
            @Nullable Object schemaNode, @Nullable Object value, String at, List<String> problems) {
        Map<String, Object> schema = resolved(Objects.requireNonNull(schemaNode, at));
        if (schema.get("oneOf") instanceof List<?> choices) {
            boolean any =
                    choices.stream()
                            .anyMatch(choice -> {
                                List<String> tried = new ArrayList<>();
                                match(choice, value, at, tried);
                                return tried.isEmpty();
                            });
            if (!any) {
                problems.add(at + " fits none of oneOf");
            }
            return;
        }
        List<?> types =
                schema.get("type") instanceof List<?> list ? list : List.of(schema.get("type"));
        if (!types.contains(type(value))) {
            problems.add(at + " is " + type(value) + ", not " + types);
        }
        if (schema.get("enum") instanceof List<?> allowed && !allowed.contains(value)) {
            problems.add(at + " = " + value + " is none of " + allowed);
        }
        if (value instanceof List<?> list) {
            list.forEach(item -> match(schema.get("items"), item, at + "[]", problems));
        }
        if (value instanceof Map<?, ?> map) {
            fields(schema, map, at, problems);
        }
    }

    private void fields(
            Map<String, Object> schema, Map<?, ?> map, String at, List<String> problems) {
        Map<String, Object> properties = object(schema.getOrDefault("properties", Map.of()));
        Object others = schema.getOrDefault("additionalProperties", false);
        map.forEach((name, field) -> {
            Object described = properties.get(name);
            if (described != null) {
                match(described, field, at + "." + name, problems);
            } else if (others instanceof Map<?, ?>) {
                match(others, field, at + "." + name, problems);
            } else if (Boolean.FALSE.equals(others)) {
                problems.add(at + "." + name + " isn't described");
            }
        });
        if (schema.get("required") instanceof List<?> required) {
            required.stream()
                    .filter(name -> !map.containsKey(name))
                    .forEach(name -> problems.add(at + "." + name + " is missing"));
        }
    }

    private static String type(@Nullable Object value) {
        return switch (value) {
            case null -> "null";
            case String _ -> "string";
            case Boolean _ -> "boolean";
            case Integer _, Long _ -> "integer";
            case Number _ -> "number";
            case List<?> _ -> "array";
            case Map<?, ?> _ -> "object";
            default -> value.getClass().getName();
        };
    }

    private Map<String, Object> resolved(Object node) {
        return object(node).get("$ref") instanceof String reference
                ? resolve(reference)
                : object(node);
    }

    /** The node that a reference within the document leads to. */
    Map<String, Object> resolve(String reference) {
        Map<String, Object> node = root;
        for (String step : reference.substring("#/".length()).split("/", -1)) {
            node = object(Objects.requireNonNull(node.get(step), reference));
        }
        return node;
    }

    @SuppressWarnings("unchecked")
    private static Map<String, Object> object(@Nullable Object node) {
        return (Map<String, Object>) Objects.requireNonNull(node);
    }
}
