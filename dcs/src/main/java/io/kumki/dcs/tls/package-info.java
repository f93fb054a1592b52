/** Keys and certificates in PEM files, for all that speaks TLS. */
@NullMarked
package io.kumki.dcs.tls;

import org.jspecify.annotations.NullMarked;
