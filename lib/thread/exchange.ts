// Copyright 2026 the lab9 authors. MIT license.

/**
 * How threads leave shared memory with the main thread, and fetch it; what for is
 * described in `codec/left_memory.ts`.
 *
 * Protocol. A thread that can reach a shared queue was started by a message,
 * which brought a port. Through it the thread sends what it leaves, and waits for
 * nothing. To fetch memory it sends the number, calls the main thread and sleeps
 * until that has sent something, counted by `DELIVERIES` of its handover. It
 * calls again if that takes long: the main thread may have been about to sleep.
 *
 * The main thread, when it is called, reads all ports twice before it answers:
 * memory was left before its number could be asked for, but maybe through a port
 * that it had read already. It is called in the middle of its own blocking waits,
 * too. While it computes, who fetches memory waits. A port is read to its end
 * before it is closed.
 *
 * @module
 */

import { here, type LeftMemory, setExchange } from "../codec/left_memory.ts";
import { nodeModule } from "../sync/globals.ts";
import { onCalls } from "../sync/waiters.ts";

/** What a thread sends through its port; one of these at a time. */
export interface Exchanged {
  leaves?: readonly LeftMemory[];
  takesBack?: readonly number[];
  fetches?: number;
}

/** Memory that a thread has fetched; undefined if there was none. */
export interface Delivery {
  memory: SharedArrayBuffer | undefined;
}

/** A worker with a port, in the main thread. */
export interface Correspondent {
  /** Takes what has come through the port. */
  readPort(): void;
  /** The number that the thread in it waits for, and has no answer to. */
  wanted: number | undefined;
  deliver(delivery: Delivery): void;
}

const correspondents = new Set<Correspondent>();
let isListening = false;

/** The worker has a port from now on. */
export function addCorrespondent(one: Correspondent): void {
  correspondents.add(one);
  if (isListening) return;
  isListening = true;
  setExchange({ ...here, fetch: fetchHere });
  onCalls(answerAll);
}

/** The worker's port is closed. */
export function removeCorrespondent(one: Correspondent): void {
  correspondents.delete(one);
  one.wanted = undefined;
}

/** Takes what a thread has sent to the exchange. */
export function receive(from: Correspondent, sent: Exchanged): void {
  if (sent.leaves !== undefined) here.leave(sent.leaves);
  if (sent.takesBack !== undefined) here.takeBack(sent.takesBack);
  if (sent.fetches !== undefined) from.wanted = sent.fetches;
}

/** The next message in a port, if there is one. */
export function receiveOn(port: MessagePort): unknown {
  // Not imported: every program would start later for it.
  const { receiveMessageOnPort } = nodeModule("node:worker_threads");
  const received = receiveMessageOnPort(port as never);
  return (received?.message as Map<"message", unknown> | undefined)
    ?.get("message");
}

/** Fetches memory for the main thread itself. */
function fetchHere(number: number): SharedArrayBuffer | undefined {
  return here.fetch(number) ?? (readPorts(), here.fetch(number));
}

function readPorts(): void {
  for (const one of correspondents) one.readPort();
}

function answerAll(): void {
  readPorts();
  const waiting = [...correspondents].flatMap((one) =>
    one.wanted === undefined ? [] : [[one, one.wanted] as const]
  );
  if (waiting.length > 0) readPorts();
  for (const [one, number] of waiting) {
    one.wanted = undefined;
    one.deliver({ memory: here.fetch(number) });
  }
}
