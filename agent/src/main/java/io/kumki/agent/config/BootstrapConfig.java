package io.kumki.agent.config;

import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * The {@code bootstrap} section: read only when a cluster is created.
 *
 * @param present whether the local configuration has the section; without it this node never
 *     bootstraps
 * @param dcs becomes the dynamic configuration
 * @param method {@code initdb}, or the name of a custom method
 * @param initdbOptions arguments for initdb, such as {@code --encoding=UTF8}
 * @param initdbProblems what is wrong in {@code bootstrap.initdb}: with any of it no cluster is
 *     created, since some of its options can't be changed later
 * @param customMethod options of the custom method, {@code command} among them
 * @param postBootstrap script called once with a connection string
 * @param pgHba lines appended to the new cluster's {@code pg_hba.conf}
 */
public record BootstrapConfig(
        boolean present,
        Map<String, Object> dcs,
        String method,
        List<String> initdbOptions,
        List<String> initdbProblems,
        Map<String, Object> customMethod,
        Optional<String> postBootstrap,
        List<String> pgHba) {

    /** With nothing wrong. */
    public BootstrapConfig(
            boolean present,
            Map<String, Object> dcs,
            String method,
            List<String> initdbOptions,
            Map<String, Object> customMethod,
            Optional<String> postBootstrap,
            List<String> pgHba) {
        this(present, dcs, method, initdbOptions, List.of(), customMethod, postBootstrap, pgHba);
    }
}
