// Copyright 2026 the lab9 authors. MIT license.

/**
 * What the main thread and a worker send each other. These are types alone:
 * nothing of this module is loaded.
 *
 * @module
 */

import type { Packed } from "../codec/packing.ts";
import type { Delivery, Exchanged } from "./exchange.ts";
import type { Output } from "./output.ts";

/** The first message to a worker. */
export interface Setup {
  waiterTable: SharedArrayBuffer;
  waiter: number;
  table: SharedArrayBuffer;
  recording: SharedArrayBuffer | undefined;
  handover: SharedArrayBuffer;
  /** Whether Deno asks the user for what the worker's threads lack. */
  mayAsk: boolean;
}

/** What a worker is to run. */
export interface Job {
  /** The id of the exposed function. */
  target: number;
  args: Packed;
  /** The modules that it needs and that this worker hasn't loaded. */
  modules?: string[];
  /** Whether functions of any module may come later. */
  isOpen?: boolean;
  /** Where its console goes, if that is elsewhere. */
  output?: Output;
}

/** A job that goes by message. */
export interface PostedJob extends Job {
  /**
   * Where the answer and what comes before it go. The thread can send them
   * without a turn of its event loop, which what it left behind may block.
   */
  port: MessagePort;
}

/** Asks for an answer that the worker holds. */
export interface Request {
  /** Where to send the port that the answer is in. */
  requester: MessagePort;
}

/** What a worker answers, before it ends the slot. */
export type Answer = { value: Packed } | {
  thrown: Packed;
  /** Why the worker broke down, if that is what was thrown. */
  brokeDown?: string;
};

/**
 * What goes through the port, under the key "message". Deno's
 * `receiveMessageOnPort` looks for ports in a message, element by element of
 * every array; into a Map it doesn't look.
 */
export type Envelope = Map<"message", Letter | Exchanged | Delivery>;

/** What a worker sends to the main thread, which started it. */
export type Letter = Answer | Mail | MessagePort;

/** A message to or from a thread while it runs. */
export interface Mail {
  mail: Packed;
}
