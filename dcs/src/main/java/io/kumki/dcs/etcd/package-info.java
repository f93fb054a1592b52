/**
 * The store in etcd (v3 API), through jetcd's generated stubs: one channel per endpoint, a deadline
 * on every call, the next endpoint when it passes.
 */
@NullMarked
package io.kumki.dcs.etcd;

import org.jspecify.annotations.NullMarked;
