/**
 * Records of the state that all members share: what etcd holds, without how it is stored. JDK only.
 */
@NullMarked
package io.kumki.dcs.cluster;

import org.jspecify.annotations.NullMarked;
