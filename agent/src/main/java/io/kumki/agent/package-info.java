/** The daemon that keeps one PostgreSQL server in the role the cluster gives it. */
@NullMarked
package io.kumki.agent;

import org.jspecify.annotations.NullMarked;
