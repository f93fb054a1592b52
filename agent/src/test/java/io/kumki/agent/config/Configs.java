package io.kumki.agent.config;

import io.kumki.dcs.json.ConfigPatch;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Configurations for tests. */
final class Configs {

    static final String MINIMAL =
            """
            scope: main
            name: pg-1
            restapi: {listen: '127.0.0.1:8008'}
            etcd3: {hosts: ['127.0.0.1:2379']}
            postgresql:
              listen: 127.0.0.1:5432
              data_dir: /data/pg
              authentication:
                superuser: {username: postgres, password: secret-1}
                replication: {username: repl, password: secret-2}
            """;

    private Configs() {}

    static Map<String, @Nullable Object> tree(String yaml) throws InvalidConfigException {
        return new LinkedHashMap<String, @Nullable Object>(
                Section.of(YamlText.parse(yaml, "test")).values());
    }

    static LocalConfig local(String yaml) throws InvalidConfigException {
        return new LocalConfig("test.yml", tree(yaml), List.of());
    }

    static NodeConfigReader.Reading reading(String yaml) throws InvalidConfigException {
        return NodeConfigReader.read(local(yaml));
    }

    /** The minimal configuration with more of it. */
    static NodeConfigReader.Reading readingWith(String yaml) throws InvalidConfigException {
        return NodeConfigReader.read(
                new LocalConfig(
                        "test.yml", ConfigPatch.apply(tree(MINIMAL), tree(yaml)), List.of()));
    }
}
