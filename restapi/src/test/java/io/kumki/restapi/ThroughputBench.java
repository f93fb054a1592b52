package io.kumki.restapi;

import java.util.concurrent.TimeUnit;

/**
 * A server with a fake node for {@code wrk}; prints its port and serves for a minute. Not a test:
 * times depend on the machine. {@code make bench} measures the real agent.
 */
final class ThroughputBench {

    private ThroughputBench() {}

    public static void main(String[] arguments) throws InterruptedException {
        try (Api api = Api.start()) {
            System.out.println(api.server.port());
            TimeUnit.MINUTES.sleep(1);
        }
    }
}
