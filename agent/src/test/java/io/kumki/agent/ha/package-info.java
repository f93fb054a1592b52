@org.jspecify.annotations.NullMarked
package io.kumki.agent.ha;
