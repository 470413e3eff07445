// Copyright 2026 the lab9 authors. MIT license.

/**
 * The messages between the main thread and a worker. There are only types here: no
 * thread loads this module.
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
  /** The worker's end of its line to the main thread; see `line.ts`. */
  line: MessagePort;
  /** Whether Deno may ask the user for permissions that a thread lacks. */
  mayAsk: boolean;
  /** Whether the worker may be ended by force. */
  isKillable: boolean;
}

/** A call for a worker to run. */
export interface Job {
  /** The id of the exposed function. */
  target: number;
  args: Packed;
  /** The modules to load before the call. They are given to a new worker only. */
  modules?: string[];
  /** Whether functions of any other module may come later, by a queue. */
  isOpen?: boolean;
  /** How the thread's console is redirected. */
  output?: Output;
}

/** A job that is sent as a message. */
export interface PostedJob extends Job {
  /**
   * The port for the answer, and for mail before it. A message can be sent by it
   * without a turn of the worker's event loop, which the user's code may block.
   */
  port: MessagePort;
}

/** Asks a worker for the answer that it holds. */
export interface Request {
  /** The port by which the worker sends another port: the one with the answer. */
  requester: MessagePort;
}

/** The answer to a job. The worker sends it before it ends the thread's slot. */
export type Answer = { value: Packed } | {
  thrown: Packed;
  /** If a module could not be loaded, the message that says so. */
  brokeDown?: string;
};

/**
 * A message in a port: a Map with the key "message". Deno's `receiveMessageOnPort`
 * searches every element of every array in a message for ports, which takes long. It
 * doesn't search a Map.
 */
export type Envelope = Map<"message", Letter | Note | LineRequest | Delivery>;

/**
 * What a worker sends about its job: the answer, mail, or a port that the answer is
 * in.
 */
export type Letter = Answer | Mail | MessagePort;

/** A message to or from a running thread, such as a pool's task. */
export interface Mail {
  mail: Packed;
}

/** Shared memory that a thread leaves with the main thread, or takes back. */
export interface Note {
  leaves?: readonly LeftMemory[];
  takesBack?: readonly number[];
}

/** A request to the main thread: for shared memory, or about a thread. */
export type Ask = { fetches: number } | StartRequest;

/** A request, with a number by which its answer is known. */
export interface LineRequest {
  number: number;
  ask: Ask;
}

/** The answer to a request: a value, or an error. */
export interface Delivery {
  /** The request's number. */
  number: number;
  value?: unknown;
  /** The error that the main thread threw. */
  refusal?: Packed;
}

/** A thread to start. */
export interface StartOptions extends WorkerKind {
  /** The id of the exposed function. */
  target: number;
  args: Packed;
  name: string;
  daemon: boolean;
  /** Whether the worker runs no other thread before or after. */
  isFresh: boolean;
  /** Whether messages are sent to or from the thread while it runs. */
  hasMail: boolean;
  /** Whether the thread is a pool's worker: it ends when its starter ends. */
  isPools: boolean;
  /** How the thread's console is redirected. */
  output: Output | undefined;
}

/**
 * A request to start a thread, or to do something with a thread that was started by
 * such a request.
 */
export type StartRequest = { starts: StartOptions } | {
  does: "send mail" | "take mail" | "settle" | "stop" | "give up";
  /** The ident of the thread. */
  of: number;
  mail?: Packed;
};
