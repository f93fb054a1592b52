/**
 * Local configuration: YAML files, environment, validation, and its merge with the dynamic
 * configuration.
 */
@NullMarked
package io.kumki.agent.config;

import org.jspecify.annotations.NullMarked;
