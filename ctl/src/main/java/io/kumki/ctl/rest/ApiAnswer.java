package io.kumki.ctl.rest;

/** A member's answer, whatever its status. */
public record ApiAnswer(int status, String body) {}
