package io.kumki.restapi;

import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Predicate;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLParameters;

/**
 * An OpenSSL cipher list, such as {@code ECDHE+AESGCM:!aNULL}, as the JDK's suites.
 *
 * <p>As with OpenSSL, TLS 1.3 has its own suites, which a list without any of them leaves alone,
 * and what isn't known is passed over; here it is named.
 *
 * @param suites the JDK's names, the preferred first
 * @param unknown entries that select nothing here
 */
record CipherList(List<String> suites, List<String> unknown) {

    private static final String TLS_1_3 = "TLS_(AES|CHACHA20)_.*";

    /** What a word selects, by the OpenSSL name of a suite ({@code RSA} before a plain one). */
    private static final Map<String, Predicate<String>> WORDS =
            Map.ofEntries(
                    Map.entry("ALL", _ -> true),
                    Map.entry("DEFAULT", _ -> true),
                    Map.entry("HIGH", name -> !name.contains("DES") && !name.contains("NULL")),
                    Map.entry("ECDHE", name -> name.startsWith("ECDHE-")),
                    Map.entry("EECDH", name -> name.startsWith("ECDHE-")),
                    Map.entry("KECDHE", name -> name.startsWith("ECDHE-")),
                    Map.entry("KEECDH", name -> name.startsWith("ECDHE-")),
                    Map.entry("DHE", name -> name.startsWith("DHE-")),
                    Map.entry("EDH", name -> name.startsWith("DHE-")),
                    Map.entry("KDHE", name -> name.startsWith("DHE-")),
                    Map.entry("KEDH", name -> name.startsWith("DHE-")),
                    Map.entry("KRSA", CipherList::keysByRsa),
                    Map.entry("RSA", CipherList::keysByRsa),
                    Map.entry("ARSA", name -> name.contains("DHE-RSA-") || keysByRsa(name)),
                    Map.entry("ECDSA", name -> name.contains("-ECDSA-")),
                    Map.entry("AECDSA", name -> name.contains("-ECDSA-")),
                    Map.entry("AES", name -> name.contains("AES")),
                    Map.entry("AES128", name -> name.contains("AES128")),
                    Map.entry("AES256", name -> name.contains("AES256")),
                    Map.entry("AESGCM", name -> name.contains("-GCM-")),
                    Map.entry("CHACHA20", name -> name.contains("CHACHA20")),
                    Map.entry("SHA", name -> name.endsWith("-SHA")),
                    Map.entry("SHA1", name -> name.endsWith("-SHA")),
                    Map.entry("SHA256", name -> name.endsWith("-SHA256") && !gcm(name)),
                    Map.entry("SHA384", name -> name.endsWith("-SHA384") && !gcm(name)),
                    Map.entry("3DES", name -> name.contains("DES-CBC3")),
                    Map.entry("DES", name -> name.contains("DES-")),
                    Map.entry("NULL", name -> name.contains("NULL")),
                    Map.entry("ENULL", name -> name.contains("NULL")),
                    Map.entry("ANULL", name -> name.matches("(ADH|AECDH)-.*")),
                    Map.entry("ADH", name -> name.startsWith("ADH-")));

    /** What the JDK doesn't have at all, so that it is as good as left out. */
    private static final Set<String> ABSENT =
            Set.of(
                    "LOW",
                    "MEDIUM",
                    "EXP",
                    "EXPORT",
                    "MD5",
                    "RC4",
                    "RC2",
                    "IDEA",
                    "SEED",
                    "PSK",
                    "SRP",
                    "DSS",
                    "CAMELLIA",
                    "ARIA",
                    "KPSK",
                    "APSK",
                    "SSLV2",
                    "SSLV3",
                    "KRB5",
                    "AESCCM",
                    "AESCCM8",
                    "GOST",
                    "KECDH",
                    "AECDH",
                    "ECDH",
                    "DH",
                    "ADSS");

    /**
     * @throws IllegalArgumentException if nothing is left of the list
     */
    static CipherList parse(List<String> entries) {
        SSLParameters supported;
        SSLParameters usual;
        try {
            supported = SSLContext.getDefault().getSupportedSSLParameters();
            usual = SSLContext.getDefault().getDefaultSSLParameters();
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every JDK speaks TLS", e);
        }
        return parse(
                entries,
                Arrays.asList(supported.getCipherSuites()),
                Arrays.asList(usual.getCipherSuites()));
    }

    private static CipherList parse(
            List<String> entries, List<String> supported, List<String> usual) {
        Set<String> chosen = new LinkedHashSet<>();
        Set<String> banned = new LinkedHashSet<>();
        List<String> unknown = new ArrayList<>();
        for (String entry : String.join(":", entries).split("[:, ;]+", -1)) {
            if (entry.isEmpty() || entry.startsWith("@")) {
                continue; // @STRENGTH, @SECLEVEL: the JDK sorts, and has limits of its own
            }
            char sign = entry.charAt(0);
            String name = "!-+".indexOf(sign) >= 0 ? entry.substring(1) : entry;
            Optional<List<String>> selected =
                    selected(name, "!-".indexOf(sign) >= 0 ? supported : usual, supported);
            if (selected.isEmpty()) {
                unknown.add(entry);
                continue;
            }
            switch (sign) {
                case '!' -> banned.addAll(selected.get());
                case '-' -> selected.get().forEach(chosen::remove);
                case '+' ->
                        selected.get().stream()
                                .filter(chosen::remove)
                                .toList()
                                .forEach(chosen::add);
                default -> chosen.addAll(selected.get());
            }
        }
        chosen.removeAll(banned);
        if (chosen.isEmpty()) {
            throw new IllegalArgumentException(
                    "restapi.ciphers = "
                            + String.join(":", entries)
                            + ": the JDK has no cipher suite of this list"
                            + (unknown.isEmpty() ? "" : " (unknown: " + unknown + ")")
                            + "; give OpenSSL names such as ECDHE-RSA-AES128-GCM-SHA256, IANA"
                            + " names such as TLS_AES_256_GCM_SHA384, or leave it out");
        }
        List<String> suites = new ArrayList<>();
        if (chosen.stream().noneMatch(suite -> suite.matches(TLS_1_3))) {
            usual.stream()
                    .filter(suite -> suite.matches(TLS_1_3) && !banned.contains(suite))
                    .forEach(suites::add);
        }
        suites.addAll(chosen);
        return new CipherList(List.copyOf(suites), List.copyOf(unknown));
    }

    /** Empty if the entry means nothing to us. */
    private static Optional<List<String>> selected(
            String entry, List<String> byWord, List<String> byName) {
        for (String suite : byName) {
            if (suite.equals(entry) || openSslName(suite).filter(entry::equals).isPresent()) {
                return Optional.of(List.of(suite));
            }
        }
        Predicate<String> wanted = _ -> true;
        for (String word : entry.toUpperCase(Locale.ROOT).split("\\+", -1)) {
            Predicate<String> one = ABSENT.contains(word) ? _ -> false : WORDS.get(word);
            if (one == null) {
                return Optional.empty();
            }
            wanted = wanted.and(one);
        }
        Predicate<String> all = wanted;
        return Optional.of(
                byWord.stream()
                        .filter(suite -> openSslName(suite).filter(all).isPresent())
                        .toList());
    }

    /** {@code TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA256} is {@code ECDHE-RSA-AES128-SHA256}. */
    static Optional<String> openSslName(String suite) {
        int with = suite.indexOf("_WITH_");
        if (with < 0) {
            return Optional.empty(); // TLS 1.3, and signals that aren't suites
        }
        String keys =
                suite.substring(suite.indexOf('_') + 1, with)
                        .replace("ECDH_anon", "AECDH")
                        .replace("DH_anon", "ADH")
                        .replace('_', '-');
        String cipher =
                suite.substring(with + "_WITH_".length())
                        .replace("3DES_EDE_CBC", "DES-CBC3")
                        .replace("AES_", "AES")
                        .replaceFirst("^(AES\\d+)_CBC", "$1")
                        .replace("CHACHA20_POLY1305_SHA256", "CHACHA20-POLY1305")
                        .replace('_', '-');
        return Optional.of(keys.equals("RSA") ? cipher : keys + "-" + cipher);
    }

    private static boolean keysByRsa(String name) {
        return name.matches("(AES|DES|NULL|CAMELLIA).*");
    }

    private static boolean gcm(String name) {
        return name.contains("-GCM-");
    }
}
