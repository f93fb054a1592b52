/** Which server parameters the installed server takes. */
@NullMarked
package io.kumki.agent.postgres.parameters;

import org.jspecify.annotations.NullMarked;
