package io.kumki.agent.node;

import io.kumki.agent.config.EtcdSettings;
import io.kumki.agent.config.HostPort;
import io.kumki.agent.config.NodeConfig;
import io.kumki.agent.config.RestSettings;
import io.kumki.agent.config.UserPassword;
import io.kumki.dcs.etcd.ClusterPath;
import io.kumki.dcs.etcd.EtcdConfig;
import io.kumki.restapi.RestConfig;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Base64;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/** From the configuration's records to those of the neighbours, which don't know it. */
final class Mapping {

    private Mapping() {}

    static RestConfig rest(RestSettings settings) {
        return new RestConfig(
                new RestConfig.Listen(
                        settings.listen().host(),
                        settings.listen().port(),
                        settings.connectAddress().toString()),
                settings.authentication()
                        .map(user -> new RestConfig.Credentials(user.username(), user.password())),
                settings.tls().map(Mapping::tls),
                new RestConfig.Allowlist(settings.allowlist(), settings.allowlistIncludeMembers()),
                new RestConfig.Appearance(
                        settings.httpExtraHeaders(),
                        settings.httpsExtraHeaders(),
                        RestConfig.ServerTokens.valueOf(
                                settings.serverTokens().toUpperCase(Locale.ROOT))),
                new RestConfig.Limits(
                        settings.limits().requestQueueSize(), settings.limits().threadPoolSize()));
    }

    private static RestConfig.Tls tls(RestSettings.Tls tls) {
        return new RestConfig.Tls(
                tls.certfile(),
                tls.keyfile(),
                tls.keyfilePassword(),
                tls.cafile(),
                tls.ciphers().map(text -> Arrays.asList(text.split(":"))).orElse(List.of()),
                RestConfig.VerifyClient.valueOf(tls.verifyClient().toUpperCase(Locale.ROOT)));
    }

    static EtcdConfig etcd(EtcdSettings settings) {
        String scheme = settings.https() ? "https://" : "http://";
        return new EtcdConfig(
                settings.endpoints().stream()
                        .map(HostPort::toString)
                        .map(address -> URI.create(scheme + address))
                        .toList(),
                settings.username()
                        .map(user ->
                                new EtcdConfig.Credentials(user, settings.password().orElse(""))),
                new EtcdConfig.Tls(
                        settings.tls().cacert(), settings.tls().cert(), settings.tls().key()),
                settings.discovery());
    }

    static ClusterPath path(NodeConfig config) {
        return new ClusterPath(
                config.namespace(),
                config.scope(),
                config.citus().map(citus -> Integer.toString(citus.group())));
    }

    /** The header by which this node authenticates at the others. */
    static Optional<String> authorization(NodeConfig config) {
        Optional<UserPassword> user =
                config.ctl().authentication().or(() -> config.rest().authentication());
        return user.map(known ->
                "Basic "
                        + Base64.getEncoder()
                                .encodeToString(
                                        (known.username() + ":" + known.password())
                                                .getBytes(StandardCharsets.UTF_8)));
    }
}
