// Copyright 2026 the lab9 authors. MIT license.

/**
 * What the main thread and a worker send each other. These are types alone:
 * nothing of this module is loaded.
 *
 * @module
 */

import type { LeftMemory } from "../codec/left_memory.ts";
import type { Packed } from "../codec/packing.ts";
import type { Output } from "./output.ts";
import type { WorkerKind } from "./worker_kind.ts";

/** The first message to a worker. */
export interface Setup {
  waiterTable: SharedArrayBuffer;
  waiter: number;
  table: SharedArrayBuffer;
  recording: SharedArrayBuffer | undefined;
  handover: SharedArrayBuffer;
  /** By which its threads reach the main one; see `line.ts`. */
  line: MessagePort;
  /** Whether Deno asks the user for what the worker's threads lack. */
  mayAsk: boolean;
  /** Whether it may be ended by force. */
  isKillable: boolean;
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
export type Envelope = Map<"message", Letter | Note | LineRequest | Delivery>;

/** What a worker sends to the main thread, which started it. */
export type Letter = Answer | Mail | MessagePort;

/** A message to or from a thread while it runs. */
export interface Mail {
  mail: Packed;
}

/** What a thread leaves, or takes back. */
export interface Note {
  leaves?: readonly LeftMemory[];
  takesBack?: readonly number[];
}

/** What a thread asks for. */
export type Ask = { fetches: number } | StartRequest;

/** The same, with a number for the answer. */
export interface LineRequest {
  number: number;
  ask: Ask;
}

/** The answer; one of the two. */
export interface Delivery {
  number: number;
  value?: unknown;
  /** What was thrown. */
  refusal?: Packed;
}

/** What is to be started. */
export interface StartOptions extends WorkerKind {
  /** The id of the exposed function. */
  target: number;
  args: Packed;
  name: string;
  daemon: boolean;
  /** Whether the worker runs nothing before it and nothing after it. */
  isFresh: boolean;
  /** Whether it sends or receives anything while it runs. */
  hasMail: boolean;
  /** Whether it is a pool's worker, which ends with its starter. */
  isPools: boolean;
  /** Where its console goes, if that is elsewhere. */
  output: Output | undefined;
}

/** What a thread asks of the main one. */
export type StartRequest = { starts: StartOptions } | {
  does: "tell" | "hear" | "settle" | "stop" | "give up";
  /** The ident of a thread that it has started. */
  of: number;
  mail?: Packed;
};
