package io.kumki.dcs.cluster;

import java.net.URI;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Host and port of a URL, also of one whose host name has an underscore, as many containers have:
 * {@link URI#getHost} knows no such name.
 *
 * @param host as written; an IPv6 address without brackets
 * @param port empty if the URL names none
 */
public record UrlPlace(String host, OptionalInt port) {

    private static final int MAX_PORT = 99_999;

    private static final Pattern AUTHORITY =
            Pattern.compile(
                    "(?:[^@]*@)?(?:\\[(?<ipv6>[^\\[\\]]+)\\]|(?<name>[^:@\\[\\]]+))(?::(?<port>[0-9]{1,5})?)?");

    /** Empty if the URL names no host, or several. */
    public static Optional<UrlPlace> of(URI url) {
        if (url.getHost() != null && url.getPort() <= MAX_PORT) { // as nearly all have it
            String host = url.getHost();
            return Optional.of(
                    new UrlPlace(
                            host.startsWith("[") ? host.substring(1, host.length() - 1) : host,
                            url.getPort() < 0
                                    ? OptionalInt.empty()
                                    : OptionalInt.of(url.getPort())));
        }
        if (url.getRawAuthority() == null) {
            return Optional.empty();
        }
        Matcher authority = AUTHORITY.matcher(url.getRawAuthority());
        if (!authority.matches() || authority.group().contains(",")) {
            return Optional.empty();
        }
        String ipv6 = authority.group("ipv6");
        String port = authority.group("port");
        return Optional.of(
                new UrlPlace(
                        ipv6 == null ? authority.group("name") : ipv6,
                        port == null
                                ? OptionalInt.empty()
                                : OptionalInt.of(Integer.parseInt(port))));
    }
}
