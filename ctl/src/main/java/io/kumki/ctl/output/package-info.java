/** Tables, YAML, JSON and differences, byte for byte as scripts expect them. */
@NullMarked
package io.kumki.ctl.output;

import org.jspecify.annotations.NullMarked;
