/** Requests to the members' REST API. */
@NullMarked
package io.kumki.ctl.rest;

import org.jspecify.annotations.NullMarked;
