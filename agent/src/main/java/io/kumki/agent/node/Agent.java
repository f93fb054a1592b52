package io.kumki.agent.node;

import io.kumki.agent.config.InvalidConfigException;
import io.kumki.agent.config.LocalConfigLoader;
import io.kumki.agent.config.NodeConfig;
import io.kumki.agent.config.NodeConfigReader;
import io.kumki.agent.config.RefusedConfigException;
import io.kumki.agent.config.WatchdogSettings;
import io.kumki.agent.ha.Action;
import io.kumki.agent.ha.Rules;
import io.kumki.agent.postgres.DataDirectoryCheck;
import io.kumki.agent.postgres.LocalPostgres;
import io.kumki.agent.postgres.PgPrograms;
import io.kumki.agent.postgres.VolumeLock;
import io.kumki.agent.watchdog.Watchdog;
import io.kumki.dcs.ClusterStore;
import io.kumki.dcs.cluster.ClusterView;
import io.kumki.dcs.cluster.Member;
import io.kumki.dcs.cluster.MemberName;
import io.kumki.dcs.environment.OwnVariables;
import io.kumki.dcs.etcd.EtcdClusterStore;
import io.kumki.restapi.NodeSnapshot;
import io.kumki.restapi.RestConfig;
import io.kumki.restapi.RestServer;
import io.vertx.core.Context;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.net.ClientSSLOptions;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import java.util.function.IntConsumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The composition root: wires one agent and takes it through its life. In order: the store answers
 * (until then a running primary is stopped, see {@link UnprovenPrimary}), the name is unique, REST
 * opens, the loop begins; at the end REST closes first.
 */
public final class Agent {

    private static final Logger LOG = LoggerFactory.getLogger(Agent.class);

    /** Between two tries to reach a store that doesn't answer at start. */
    private static final Duration STORE_RETRY = Duration.ofSeconds(5);

    private final Vertx vertx;
    private final LocalConfigLoader loader;
    private final IntConsumer exit;
    private final LoopClock clock;
    private final AgentConfiguration configuration;
    private final ClusterStore store;
    private final LocalPostgres server;
    private final HttpPeers peers;
    private final HaLoop loop;
    private final LoopParts parts;
    private final Optional<DataDirectoryLock> lock;
    private final Optional<VolumeLock> volume;
    private final Watchdog watchdog;
    private NodeConfig node;
    private ClientSSLOptions peerTls;
    private @Nullable RestServer rest;
    private @Nullable LagMeter lag;
    private boolean ending;
    private final ServiceManager manager = ServiceManager.of(System.getenv());

    /**
     * @param exit told the exit code when the agent has ended; called once
     * @throws RefusedConfigException if {@code bootstrap.dcs} can't be used
     */
    public Agent(Vertx vertx, LocalConfigLoader loader, NodeConfig node, IntConsumer exit)
            throws RefusedConfigException {
        this.vertx = vertx;
        this.loader = loader;
        this.node = node;
        this.exit = exit;
        Context context = vertx.getOrCreateContext();
        this.clock = new VertxClock(vertx, context);
        this.configuration =
                new AgentConfiguration(node, Mapping.rest(node.rest()).advertisedUrl());
        this.lock = lock(configuration.postgres().files().dataDir());
        refuseUnfit(configuration);
        this.volume = lockVolume(configuration.postgres().files().dataDir());
        this.store =
                EtcdClusterStore.open(
                        vertx, Mapping.etcd(node.etcd()), Mapping.path(node), clock::nanos);
        this.server = new LocalPostgres(configuration.postgres());
        configuration.onPostgresChange(this::applyPostgres);
        this.peerTls = peerTls(node);
        this.peers =
                new HttpPeers(
                        vertx, clock, () -> Mapping.authorization(this.node), () -> this.peerTls);
        this.watchdog = watchdog(node.watchdog());
        this.parts =
                new LoopParts(
                        node.scope(),
                        configuration,
                        store,
                        server,
                        peers,
                        new Guards(guard(), watchdog),
                        clock,
                        Rules::decide,
                        this::loopEnded);
        this.loop = new HaLoop(parts);
        keepCrashes();
        this.loop.onTurnEnded(() -> manager.turned(loop.snapshot(), ending));
    }

    private static ClientSSLOptions peerTls(NodeConfig node) throws RefusedConfigException {
        try {
            return PeerTls.options(node.ctl());
        } catch (IllegalArgumentException e) {
            throw new RefusedConfigException(String.valueOf(e.getMessage()));
        }
    }

    private static Path runtimeBase() {
        return Path.of(System.getProperty("kumki.runtime-directory", "/dev/shm"));
    }

    /** Before anything is asked or touched. */
    private static Optional<DataDirectoryLock> lock(Path dataDir) throws RefusedConfigException {
        try {
            Optional<DataDirectoryLock> lock =
                    DataDirectoryLock.take(RuntimeDirectory.of(runtimeBase(), dataDir));
            if (lock.isEmpty()) {
                throw new RefusedConfigException(
                        "postgresql.data_dir = "
                                + dataDir
                                + ": another kumki agent of this machine works there; stop it, or give"
                                + " this one a directory of its own");
            }
            return lock;
        } catch (IOException e) {
            LOG.atWarn()
                    .addKeyValue("error", e.getMessage())
                    .log("the data directory can't be locked against a second agent");
            return Optional.empty();
        }
    }

    /** Against an agent or a server that can't be seen from here; see {@link VolumeLock}. */
    private static Optional<VolumeLock> lockVolume(Path dataDir) throws RefusedConfigException {
        return switch (VolumeLock.take(dataDir)) {
            case VolumeLock.Outcome.Held(VolumeLock held) -> Optional.of(held);
            case VolumeLock.Outcome.Refused(String reason) ->
                    throw new RefusedConfigException(
                            "postgresql.data_dir = " + dataDir + ": " + reason);
            case VolumeLock.Outcome.Impossible(String reason) -> {
                LOG.atWarn()
                        .addKeyValue("error", reason)
                        .log(
                                "the data directory's volume can't be locked: nothing but care keeps a"
                                        + " second container or machine from working there");
                yield Optional.empty();
            }
        };
    }

    private static void refuseUnfit(AgentConfiguration configuration)
            throws RefusedConfigException {
        Path dataDir = configuration.postgres().files().dataDir();
        try {
            int major = new PgPrograms(() -> configuration.postgres().files()).binaryMajor();
            Optional<String> problem = DataDirectoryCheck.problem(dataDir, major, place());
            if (problem.isPresent()) {
                throw new RefusedConfigException(
                        "postgresql.data_dir = " + dataDir + ": " + problem.get());
            }
        } catch (IOException e) {
            throw new RefusedConfigException(
                    "postgresql.data_dir = " + dataDir + " can't be looked at: " + e);
        }
    }

    private static DataDirectoryCheck.Place place() {
        return System.getenv().containsKey(OwnVariables.IMAGE)
                ? DataDirectoryCheck.Place.IMAGE
                : DataDirectoryCheck.Place.MACHINE;
    }

    private void keepCrashes() {
        try {
            loop.keepCrashes(
                    new CrashFile(
                            RuntimeDirectory.of(
                                    runtimeBase(), configuration.postgres().files().dataDir())));
        } catch (IOException e) {
            LOG.atWarn()
                    .addKeyValue("error", e.getMessage())
                    .log("crashes are counted, but not across restarts of this agent");
        }
    }

    private Watchdog watchdog(WatchdogSettings settings) throws RefusedConfigException {
        if (settings.mode() == WatchdogSettings.Mode.REQUIRED
                && Watchdog.device(settings).isEmpty()) {
            throw new RefusedConfigException(
                    "watchdog.driver = "
                            + settings.driver()
                            + ": there is no such driver, and watchdog.mode is required; leave"
                            + " watchdog.driver out, or set watchdog.mode: automatic");
        }
        return new Watchdog(settings, Watchdog::device, clock::nanos);
    }

    private Guard guard() throws RefusedConfigException {
        try {
            return LeaseGuard.of(
                    node.leaseGuard(),
                    Optional.ofNullable(System.getProperty("kumki.lease-guard"))
                            .filter(path -> !path.isEmpty())
                            .map(Path::of),
                    runtimeBase(),
                    configuration.postgres().files().dataDir(),
                    clock);
        } catch (IOException e) {
            throw new RefusedConfigException(String.valueOf(e.getMessage()));
        }
    }

    private void applyPostgres(io.kumki.agent.config.PostgresConfig postgres) {
        server.applyConfiguration(postgres)
                .onSuccess(_ -> loop.wake())
                .onFailure(failure ->
                        LOG.atError()
                                .addKeyValue("error", failure.getMessage())
                                .log("the new configuration could not be applied"));
    }

    /** Begins; may be called from any thread. */
    public void start() {
        clock.execute(() -> {
            store.configure(configuration.initialSettings().timing());
            manager.keepAlive(clock, this::lively);
            reachStore(1);
        });
    }

    /** As {@code /liveness} answers; what comes before the loop runs on timers alone. */
    private boolean lively() {
        NodeSnapshot node = loop.snapshot();
        return rest == null
                || node.settings().pause()
                || clock.nanos() - node.loop().nextRunNanos() - node.loop().livenessLimitNanos()
                        < 0;
    }

    private void reachStore(int attempt) {
        store.read()
                .onSuccess(this::checkName)
                .onFailure(failure -> {
                    LOG.atError()
                            .addKeyValue("attempt", attempt)
                            .addKeyValue("error", failure.getMessage())
                            .log(
                                    "etcd can't be reached; no data is touched, next try in "
                                            + STORE_RETRY.toSeconds()
                                            + " s");
                    UnprovenPrimary.stop(server, configuration.initialSettings().pause())
                            .onComplete(_ ->
                                    clock.schedule(
                                            STORE_RETRY, () -> reachStoreAgain(attempt + 1)));
                });
    }

    private void reachStoreAgain(int attempt) {
        if (!ending) {
            reachStore(attempt);
        }
    }

    /**
     * Any answer at all from the address in our own member key means that another node has this
     * name.
     */
    private void checkName(ClusterView view) {
        Optional<String> url =
                view.member(new MemberName(node.name()))
                        .map(Member::addresses)
                        .flatMap(Member.Addresses::apiUrl);
        if (url.isEmpty()) {
            openRest();
            return;
        }
        NameCheck.answers(vertx, clock, url.get(), peerTls, NameCheck.LIMIT)
                .onSuccess(answer ->
                        answer.ifPresentOrElse(
                                how ->
                                        // the server here may be the other one's: left alone
                                        fail(
                                                "Can't start; there is already a node named '"
                                                        + node.name()
                                                        + "' running (it "
                                                        + how
                                                        + " at "
                                                        + url.get()
                                                        + "); give this one another name"),
                                () -> nobodyAnswers(url.get())));
    }

    /** At our own address nobody but us could answer: then silence says nothing about others. */
    private void nobodyAnswers(String url) {
        vertx.executeBlocking(() -> NameCheck.own(url))
                .onSuccess(own -> {
                    if (own) {
                        LOG.atInfo()
                                .addKeyValue("member", node.name())
                                .addKeyValue("url", url)
                                .log(
                                        "the address under this name is this host's own: it can't tell"
                                                + " whether another node has the name, too");
                    }
                    openRest();
                })
                .onFailure(failure -> fail(String.valueOf(failure.getMessage())));
    }

    private void openRest() {
        if (ending) {
            return;
        }
        RestServer.start(
                        vertx,
                        Mapping.rest(node.rest()),
                        new AgentView(loop, clock, server::walPosition),
                        new AgentControl(loop, parts, this::reload))
                .onSuccess(opened -> {
                    if (ending) {
                        opened.close();
                        return;
                    }
                    rest = opened;
                    tellHealthcheck(Mapping.rest(node.rest()), opened);
                    LOG.atInfo()
                            .addKeyValue("member", node.name())
                            .addKeyValue("port", opened.port())
                            .addKeyValue("locked", lock.filter(DataDirectoryLock::held).isPresent())
                            .addKeyValue("volumeLocked", volume.isPresent())
                            .log("REST API is open, the loop begins");
                    lag =
                            LagMeter.start(
                                    clock,
                                    nanos -> {
                                        loop.lagged(nanos);
                                        loop.tellProgress();
                                    });
                    loop.start();
                })
                .onFailure(failure ->
                        UnprovenPrimary.stop(server, configuration.initialSettings().pause())
                                .onComplete(_ -> fail(String.valueOf(failure.getMessage()))));
    }

    private void tellHealthcheck(RestConfig restConfig, RestServer opened) {
        try {
            HealthcheckFile.write(
                    RuntimeDirectory.of(runtimeBase(), configuration.postgres().files().dataDir()),
                    restConfig,
                    node,
                    opened.port());
        } catch (IOException e) {
            LOG.atWarn()
                    .addKeyValue("error", e.getMessage())
                    .log("\"kumki healthcheck\" needs the URL as its second argument");
        }
    }

    private void fail(String reason) {
        LOG.atError().addKeyValue("member", node.name()).log(reason);
        end(1);
    }

    private void loopEnded(Action.Exit why) {
        loop.endGuard();
        if (why.kind() == Action.ExitKind.FATAL) {
            LOG.atError()
                    .addKeyValue("member", node.name())
                    .addKeyValue("reason", why.reason())
                    .log("the agent ends");
        } else {
            LOG.atInfo()
                    .addKeyValue("member", node.name())
                    .addKeyValue("reason", why.reason())
                    .log("the agent ends");
        }
        end(why.kind() == Action.ExitKind.FATAL ? 1 : 0);
    }

    /** Reads the local configuration again, as on SIGHUP; may be called from any thread. */
    public void reload() {
        clock.execute(() -> {
            manager.reloading();
            NodeConfig fresh;
            RestConfig restConfig;
            ClientSSLOptions freshTls;
            try {
                fresh = NodeConfigReader.read(loader.load()).config();
                restConfig = Mapping.rest(fresh.rest());
                freshTls = PeerTls.options(fresh.ctl());
                LogOutput.configure(fresh.log());
            } catch (InvalidConfigException | IllegalArgumentException | IOException e) {
                LOG.atError()
                        .addKeyValue("error", e.getMessage())
                        .log("reload refused, the old configuration stays");
                manager.reloaded();
                return;
            }
            node = fresh;
            peerTls = freshTls;
            configuration.reload(fresh);
            watchdog.configure(fresh.watchdog());
            RestServer open = rest;
            if (open != null) {
                open.reconfigure(restConfig)
                        .onSuccess(_ ->
                                clock.execute(() -> {
                                    tellHealthcheck(restConfig, open);
                                    advertise(restConfig);
                                }))
                        .onFailure(failure ->
                                LOG.atError()
                                        .addKeyValue("error", failure.getMessage())
                                        .log("REST API keeps its old settings"));
            }
            server.reload()
                    .onFailure(failure ->
                            LOG.atError()
                                    .addKeyValue("error", failure.getMessage())
                                    .log("the server could not be reloaded"))
                    .onComplete(_ -> manager.reloaded());
            loop.wake();
        });
    }

    /** The others learn of the address, and of http or https, once it is served. */
    private void advertise(RestConfig restConfig) {
        configuration.advertise(restConfig.advertisedUrl());
        loop.wake();
    }

    /**
     * Ends cleanly: REST closes, the server is stopped and the lead given away; may be called from
     * any thread.
     */
    public void shutdown() {
        clock.execute(() -> {
            if (ending) {
                return;
            }
            ending = true;
            manager.stopping();
            if (rest == null) {
                UnprovenPrimary.stop(server, configuration.initialSettings().pause())
                        .onComplete(_ -> end(0));
                return;
            }
            rest.close();
            loop.requestShutdown();
        });
    }

    private void end(int code) {
        if (!ending) {
            ending = true;
            manager.stopping();
        }
        loop.stop();
        if (lag != null) {
            lag.end();
        }
        Future.join(store.close(), server.close(), peers.close())
                .onComplete(_ -> exit.accept(code));
    }
}
