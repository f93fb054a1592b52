package io.kumki.restapi;

import java.io.EOFException;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.function.Supplier;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLException;
import javax.net.ssl.SSLSocket;
import javax.net.ssl.TrustManager;
import javax.net.ssl.X509TrustManager;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Calls {@code GET /liveness} of the own listener over a real socket, as a load balancer would, on
 * a thread that nothing else uses. Any answer will do, also 503 and a refused certificate: it shows
 * that somebody listens. When none comes several times in a row, the listener is deaf.
 */
final class SelfProbe implements AutoCloseable {

    private static final Logger LOG = LoggerFactory.getLogger(SelfProbe.class);

    private static final byte[] REQUEST =
            "GET /liveness HTTP/1.0\r\n\r\n".getBytes(StandardCharsets.US_ASCII);

    private final ScheduledExecutorService thread =
            Executors.newSingleThreadScheduledExecutor(task -> {
                Thread own = new Thread(task, "kumki-rest-self-probe");
                own.setDaemon(true);
                return own;
            });
    private final Supplier<Target> target;
    private final Pace pace;
    private final Consumer<String> deaf;
    private int failures;

    /**
     * @param interval from one call to the next
     * @param patience how long one may take
     * @param failures so many in a row and the listener counts as deaf
     */
    record Pace(Duration interval, Duration patience, int failures) {
        static final Pace USUAL = new Pace(Duration.ofSeconds(5), Duration.ofSeconds(3), 3);
    }

    /** Where the listener should be. */
    record Target(String host, int port, boolean tls) {}

    private SelfProbe(Supplier<Target> target, Pace pace, Consumer<String> deaf) {
        this.target = target;
        this.pace = pace;
        this.deaf = deaf;
    }

    /**
     * @param deaf told each time that the listener counts as deaf, with the last failure
     */
    static SelfProbe start(Supplier<Target> target, Pace pace, Consumer<String> deaf) {
        SelfProbe probe = new SelfProbe(target, pace, deaf);
        long millis = pace.interval().toMillis();
        Future<?> _ =
                probe.thread.scheduleWithFixedDelay(
                        probe::look, millis, millis, TimeUnit.MILLISECONDS);
        return probe;
    }

    /** Mustn't throw: the executor would never look again. */
    private void look() {
        try {
            Optional<String> failure = failure(target.get(), pace.patience());
            failures = failure.isPresent() ? failures + 1 : 0;
            if (failures >= pace.failures()) {
                failures = 0;
                deaf.accept(failure.orElse(""));
            }
        } catch (RuntimeException e) {
            LOG.atError().setCause(e).log("the REST API's look at itself failed");
        }
    }

    /** Why nobody answers there; empty if somebody does. */
    static Optional<String> failure(Target target, Duration patience) {
        int millis = (int) patience.toMillis();
        try (Socket socket = new Socket()) {
            socket.connect(new InetSocketAddress(address(target.host()), target.port()), millis);
            socket.setSoTimeout(millis);
            return target.tls() ? secure(socket, target) : answer(socket);
        } catch (IOException e) {
            return Optional.of(e.toString());
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException("this JDK has no TLS", e);
        }
    }

    private static Optional<String> answer(Socket socket) throws IOException {
        socket.getOutputStream().write(REQUEST);
        return socket.getInputStream().read() < 0
                ? Optional.of("the connection was closed without an answer")
                : Optional.empty();
    }

    private static Optional<String> secure(Socket socket, Target target)
            throws IOException, GeneralSecurityException {
        SSLContext context = SSLContext.getInstance("TLS");
        context.init(null, new TrustManager[] {ANYBODY}, null);
        try (SSLSocket tls =
                (SSLSocket)
                        context.getSocketFactory()
                                .createSocket(socket, target.host(), target.port(), true)) {
            return answer(tls);
        } catch (SSLException e) {
            // an alert, such as for the certificate that we don't show, is an answer
            return silence(e) ? Optional.of(e.toString()) : Optional.empty();
        }
    }

    private static boolean silence(Throwable failure) {
        for (Throwable cause = failure; cause != null; cause = cause.getCause()) {
            if (cause instanceof SocketTimeoutException || cause instanceof EOFException) {
                return true;
            }
        }
        return false;
    }

    /** Whoever listens on all interfaces also does on loopback. */
    private static InetAddress address(String host) throws IOException {
        InetAddress address = InetAddress.getByName(host);
        if (!address.isAnyLocalAddress()) {
            return address;
        }
        return InetAddress.ofLiteral(address.getAddress().length == 4 ? "127.0.0.1" : "::1");
    }

    @Override
    public void close() {
        thread.shutdownNow();
    }

    /** It's ourselves that we call; nothing is told and nothing believed. */
    private static final X509TrustManager ANYBODY =
            new X509TrustManager() {
                @Override
                public void checkClientTrusted(X509Certificate[] chain, String type) {}

                @Override
                public void checkServerTrusted(X509Certificate[] chain, String type) {}

                @Override
                public X509Certificate[] getAcceptedIssuers() {
                    return new X509Certificate[0];
                }
            };
}
