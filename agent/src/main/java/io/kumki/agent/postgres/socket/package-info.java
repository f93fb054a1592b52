/** What lies below a JDBC connection: TLS by libpq's rules, and unix sockets. */
@NullMarked
package io.kumki.agent.postgres.socket;

import org.jspecify.annotations.NullMarked;
