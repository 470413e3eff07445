// Copyright 2026 the lab9 authors. MIT license.

import type { Decoder } from "../shared/decoder.ts";
import type { Encoder } from "../shared/encoder.ts";
import type { AnyFunction } from "../shared/references.ts";
import { isThenable } from "../thread/worker_server.ts";

/** How a task's function is to be called. */
export const Mode = {
  /** Once, with the payload as its arguments. */
  APPLY: 0,
  /** For each item of the payload. */
  MAP: 1,
  /** For each item of the payload, with the item as its arguments. */
  STARMAP: 2,
} as const;
export type Mode = (typeof Mode)[keyof typeof Mode];

/** What a worker is to do, as it stands in the channel of tasks. */
export interface TaskRecord {
  /** Not zero. */
  id: number;
  /** The call that the task is part of. */
  call: number;
  /** The function's id. */
  fn: number;
  mode: Mode;
  /** The arguments or items; undefined if they have to be asked for. */
  payload: readonly unknown[] | undefined;
}

/** What a record of the channel of results says. */
export const Reply = {
  /** The value follows. */
  DONE: 0,
  /** What was thrown follows. */
  THREW: 1,
  /** What was thrown, or the value, is in the mail. */
  MAILED: 2,
  /** The worker asks for the payload. */
  ASKS: 3,
} as const;
export type Reply = (typeof Reply)[keyof typeof Reply];

export function writeTask(encoder: Encoder, task: TaskRecord): void {
  encoder.write(task.id);
  encoder.write(task.call);
  encoder.write(task.fn);
  encoder.write(task.mode);
  if (task.payload === undefined) encoder.write(undefined);
  else encoder.writeList(task.payload);
}

export function readTask(decoder: Decoder): TaskRecord {
  return {
    id: decoder.read() as number,
    call: decoder.read() as number,
    fn: decoder.read() as number,
    mode: decoder.read() as Mode,
    payload: decoder.read() as unknown[] | undefined,
  };
}

/** Calls the function as the mode says. */
export function perform(
  mode: Mode,
  fn: AnyFunction,
  payload: readonly unknown[],
): unknown {
  if (mode === Mode.APPLY) return fn(...payload);
  const call = mode === Mode.MAP ? fn : (item: unknown[]) => fn(...item);
  const results = new Array<unknown>(payload.length);
  for (let i = 0; i < payload.length; i++) {
    const result = call(payload[i] as never);
    if (isThenable(result)) {
      return performRest(call, payload, results, i, result);
    }
    results[i] = result;
  }
  return results;
}

/** Goes on where a function turned out to be async. */
async function performRest(
  call: (item: never) => unknown,
  payload: readonly unknown[],
  results: unknown[],
  first: number,
  pending: PromiseLike<unknown>,
): Promise<unknown[]> {
  results[first] = await pending;
  for (let i = first + 1; i < payload.length; i++) {
    results[i] = await call(payload[i] as never);
  }
  return results;
}
