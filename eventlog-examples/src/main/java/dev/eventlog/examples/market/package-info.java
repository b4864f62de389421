/**
 * The main job: order flow of an exchange through an event log, with proof that nothing is lost.
 *
 * <pre>
 *   OrderFlow ──lines──► MessageReader ──messages──► FeedHandler ──append──► EventLog
 *   (LobsterFile,         (LobsterParser)                                      │
 *    SimulatedFlow)                                                            ├──► book   a {@link MarketConsumer} each:
 *                                                                              ├──► tape   own thread, own durable
 *                                                                              ├──► risk   cursor, own {@link State}
 *                                                                              └──► audit
 * </pre>
 *
 * <p>{@link dev.eventlog.examples.market.Market} is the program. Its {@link Pipeline} is the part to copy: feed handler
 * and consumers on one log, restartable at any instant. {@link KillProof} destroys a process that runs it, again and
 * again; {@link Verdict} compares what comes out, line by line.
 */
@NullMarked
package dev.eventlog.examples.market;

import org.jspecify.annotations.NullMarked;
