// Copyright 2026 the lab9 authors. MIT license.

/**
 * Runs chunks that came from another machine, in the workers of a host's local pool.
 * Chunks are decoded and encoded here, so that the host's main thread, which renews
 * the chunks' locks, never computes.
 *
 * @module
 */

import { expose } from "../expose.ts";
import { type PortableError, toPortable } from "../codec/portable_error.ts";
import { addOwnModule, type AnyFunction } from "../codec/references.ts";
import { runningTask } from "../pool/current_task.ts";
import { perform, performSettled } from "../pool/run_task.ts";
import { Mode, Reply, type SettledItems, writeReply } from "../pool/task.ts";
import { loadModules } from "../thread/modules.ts";
import { isThenable } from "../thread/worker_server.ts";
import { FarCodec } from "./far_codec.ts";
import { type FarModule, FarModules } from "./far_modules.ts";
import { MOST_LETTERS, tooLarge } from "./job.ts";

let codec: FarCodec;
let thread: string;

/** Prepares a worker for chunks: the initializer of its pool. */
export async function enterCluster(
  modules: FarModule[],
  host: string,
): Promise<void> {
  for (const [url] of modules) {
    // Each chunk that needs a module which can't be loaded reports the error.
    await loadModules([url]).catch(() => {});
  }
  const farModules = new FarModules(modules);
  farModules.enterAliases();
  codec = new FarCodec(farModules);
  thread = host;
}

/**
 * Runs a chunk.
 *
 * @returns The record that would stand in a local pool's channel of results.
 */
export function runChunk(
  fn: AnyFunction,
  id: number,
  mode: Mode,
  isSettled: boolean,
  payload: string,
): string | Promise<string> {
  const task = { ...runningTask()!, mode, hasNumbers: false };
  const fail = (error: unknown) =>
    write(id, Reply.THREW, toPortable(error, thread));
  try {
    const items = codec.decode(payload, (decoder) => decoder.read());
    const list = items as unknown[];
    const value = isSettled
      ? performSettled(task, fn, list, thread)
      : perform(task, fn, list);
    const answer = (value: unknown) => answerWith(id, mode, isSettled, value);
    return isThenable(value)
      ? value.then(answer).then(undefined, fail) as Promise<string>
      : answer(value);
  } catch (error) {
    return fail(error);
  }
}

function answerWith(
  id: number,
  mode: Mode,
  isSettled: boolean,
  value: unknown,
): string {
  if (!isSettled) {
    return write(id, mode === Mode.APPLY ? Reply.DONE : Reply.LISTED, value);
  }
  try {
    return write(id, Reply.DONE, value);
  } catch {
    failUnsendable(value as SettledItems);
    return write(id, Reply.DONE, value);
  }
}

/** Replaces each result that can't be sent by its error, so the others are sent. */
function failUnsendable([values, failures]: SettledItems): void {
  for (const [index, value] of values.entries()) {
    try {
      codec.encode((encoder) => encoder.write(value));
    } catch (error) {
      values[index] = undefined;
      failures.push([index, toPortable(error, thread)]);
    }
  }
}

function write(id: number, reply: Reply, value: unknown): string {
  const record = encodeRecord(codec, id, reply, value);
  if (record.length <= MOST_LETTERS) return record;
  const error = tooLarge("what the function returns", record.length);
  return encodeRecord(codec, id, Reply.THREW, toPortable(error, thread));
}

/** Encodes an answer. Of an error that can't be sent, a description is sent. */
export function encodeRecord(
  codec: FarCodec,
  id: number,
  reply: Reply,
  value: unknown,
): string {
  const encode = (value: unknown) =>
    codec.encode((encoder) => writeReply(encoder, id, reply, value));
  try {
    return encode(value);
  } catch (error) {
    if (reply !== Reply.THREW) throw error;
    return encode(toPortable(error, (value as PortableError).thread));
  }
}

// In a bundle a user's module has the same URL. The prefix keeps the names apart.
expose(import.meta, {
  "lab9.enterCluster": enterCluster,
  "lab9.runChunk": runChunk,
});
addOwnModule(import.meta);
