/** The local PostgreSQL server: its process, files, data directory and queries. */
@NullMarked
package io.kumki.agent.postgres;

import org.jspecify.annotations.NullMarked;
