/**
 * The work as the peers do it: the same 64 bytes, the same visibility and durability, each peer as its documentation
 * recommends and otherwise with its defaults.
 */
@NullMarked
package dev.eventlog.jmh.peer;

import org.jspecify.annotations.NullMarked;
