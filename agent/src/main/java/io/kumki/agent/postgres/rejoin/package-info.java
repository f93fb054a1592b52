/** What brings a member's data directory to where it may follow: compare, rewind, clone. */
@NullMarked
package io.kumki.agent.postgres.rejoin;

import org.jspecify.annotations.NullMarked;
