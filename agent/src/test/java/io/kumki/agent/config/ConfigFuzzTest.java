package io.kumki.agent.config;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/**
 * Random trees made of real keys: whatever they hold, the answer is a configuration or its
 * problems.
 */
class ConfigFuzzTest {

    private static final int RUNS = 3_000;

    private static final List<Object> SCALARS =
            List.of(
                    "",
                    " ",
                    "x",
                    "on",
                    "off",
                    "*",
                    ":",
                    "::",
                    "[",
                    "[]:1",
                    "h:1",
                    "a,b:99999",
                    "1:2:3",
                    "::1",
                    "http://[",
                    "https://u:p@h:99999",
                    "a\0b",
                    "\n",
                    "0x",
                    "0777",
                    "-1",
                    "1e999",
                    "99999999999999999999",
                    "5min",
                    "é",
                    -1,
                    0,
                    1,
                    30,
                    70_000,
                    Long.MAX_VALUE,
                    1.5,
                    true,
                    false);

    private static final Surroundings NOWHERE =
            new Surroundings() {
                @Override
                public boolean answers(HostPort address) {
                    return address.port() % 2 == 0;
                }

                @Override
                public Optional<String> version(Path program) {
                    return Optional.of("postgres 9.6");
                }

                @Override
                public String searchPath() {
                    return "";
                }
            };

    @Test
    void endsWithAConfigurationOrWithProblems() throws Exception {
        int valid = 0;
        for (int seed = 0; seed < RUNS; seed++) {
            Random random = new Random(seed);
            Map<String, @Nullable Object> tree =
                    new LinkedHashMap<String, @Nullable Object>(Configs.tree(Configs.MINIMAL));
            mutate(tree, random);
            try {
                StrictValidator.validate(tree, random.nextBoolean(), NOWHERE);
                NodeConfig config =
                        NodeConfigReader.read(new LocalConfig("fuzz", tree, List.of())).config();
                valid++;
                Map<String, @Nullable Object> dynamic = new LinkedHashMap<>();
                mutate(dynamic, random);
                assertThat(EffectiveConfig.merge(config, dynamic).toString()).isNotEmpty();
            } catch (InvalidConfigException e) {
                assertThat(e.problems()).as("seed %d", seed).isNotEmpty();
            } catch (RefusedConfigException e) {
                assertThat(e).as("seed %d", seed).hasMessageContaining("must be");
            } catch (RuntimeException e) {
                throw new AssertionError("seed " + seed + ": " + tree, e);
            }
        }
        assertThat(valid).as("some trees must get through").isGreaterThan(RUNS / 20);
    }

    private static void mutate(Map<String, @Nullable Object> tree, Random random) {
        for (int i = random.nextInt(5); i >= 0; i--) {
            String path = ConfigKeys.TABLE.get(random.nextInt(ConfigKeys.TABLE.size())).path();
            if (random.nextInt(4) == 0) {
                path = path.replace("bootstrap.dcs.", "");
            }
            put(tree, path.split("\\.", -1), 0, value(random, 0));
        }
    }

    private static void put(
            Map<String, @Nullable Object> map, String[] path, int at, @Nullable Object value) {
        if (at == path.length - 1) {
            map.put(path[at], value);
            return;
        }
        Map<String, @Nullable Object> inner =
                new LinkedHashMap<>(Section.of(map.get(path[at])).values());
        put(inner, path, at + 1, value);
        map.put(path[at], inner);
    }

    private static @Nullable Object value(Random random, int depth) {
        int kind = random.nextInt(depth > 2 ? 8 : 12);
        if (kind == 0) {
            return null;
        }
        if (kind < 8) {
            return SCALARS.get(random.nextInt(SCALARS.size()));
        }
        List<@Nullable Object> list = new ArrayList<>();
        Map<String, @Nullable Object> map = new LinkedHashMap<>();
        for (int i = random.nextInt(3); i >= 0; i--) {
            list.add(value(random, depth + 1));
            map.put(
                    String.valueOf(SCALARS.get(random.nextInt(SCALARS.size()))),
                    value(random, depth + 1));
        }
        return kind < 10 ? list : map;
    }
}
