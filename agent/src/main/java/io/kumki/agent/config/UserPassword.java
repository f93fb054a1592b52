package io.kumki.agent.config;

/** Basic authentication. Its text shows no password. */
public record UserPassword(String username, String password) {
    @Override
    public String toString() {
        return "UserPassword[username=" + username + ", password=***]";
    }
}
