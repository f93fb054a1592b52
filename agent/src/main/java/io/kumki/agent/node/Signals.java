package io.kumki.agent.node;

import java.lang.reflect.InvocationHandler;
import java.lang.reflect.Proxy;

/**
 * Signals of the operating system. Only {@code sun.misc.Signal} (module jdk.unsupported) offers
 * them; it is reached by reflection because the compiler warns of its name without a way to say
 * that it is meant.
 */
final class Signals {

    private Signals() {}

    /**
     * Calls {@code action} on a thread of the JVM whenever the signal ({@code TERM}, {@code HUP},
     * {@code INT}) comes.
     */
    static void on(String name, Runnable action) {
        try {
            Class<?> signal = Class.forName("sun.misc.Signal");
            Class<?> handler = Class.forName("sun.misc.SignalHandler");
            InvocationHandler call =
                    (proxy, method, arguments) ->
                            switch (method.getName()) {
                                case "handle" -> {
                                    action.run();
                                    yield null;
                                }
                                case "hashCode" -> System.identityHashCode(proxy);
                                case "equals" ->
                                        System.identityHashCode(proxy)
                                                == System.identityHashCode(arguments[0]);
                                default -> "handler of SIG" + name;
                            };
            Object proxy =
                    Proxy.newProxyInstance(
                            Signals.class.getClassLoader(), new Class<?>[] {handler}, call);
            signal.getMethod("handle", signal, handler)
                    .invoke(null, signal.getConstructor(String.class).newInstance(name), proxy);
        } catch (ReflectiveOperationException e) {
            throw new IllegalStateException("this JVM offers no way to handle SIG" + name, e);
        }
    }
}
