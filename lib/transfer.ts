// Copyright 2026 the lab9 authors. MIT license.

import { checkArray, kindOf } from "./checks.ts";
import { mark } from "./codec/marks.ts";

/**
 * Marks a value, so that it is moved to another thread instead of copied. A move
 * takes no time, however large the value is. Python has nothing like it: its pools
 * pickle everything.
 *
 * The marked value may stand anywhere in the arguments of a {@linkcode Thread} or
 * of a {@linkcode Pool}'s task, or in their result. After the move the sender
 * doesn't have it any more: the length of a typed array is 0 then. If a part of the
 * message can't be sent, nothing is moved, and the sender gets a `DataCloneError`.
 * A value that was moved before can't be sent either.
 *
 * The mark has no effect in an item of a {@linkcode Queue}: items are copied into
 * shared memory. It has none in a pool's `initargs` and in the arguments of
 * {@linkcode Pool.broadcast} either: each worker needs a copy of its own.
 *
 * @param value The value, or an object that holds it.
 * @param transferables The parts to move: buffers (`array.buffer` of a typed array
 * `array`), message ports, streams. A `SharedArrayBuffer` can't be moved, because
 * all threads share it; the attempt to send it is refused.
 * @returns The same value.
 * @throws {TypeError} If the value is not an object, or the transferables are not
 * an array.
 *
 * @example Usage
 * ```ts no-eval
 * import { expose, Pool, transfer } from "@lab9/concurrency";
 *
 * export function sorted(samples: Float64Array) {
 *   samples.sort();
 *   return transfer(samples, [samples.buffer]);
 * }
 * expose(import.meta, { sorted });
 *
 * if (import.meta.main) {
 *   await using pool = new Pool(1);
 *   const samples = new Float64Array(8_000_000).map(Math.random);
 *   const moved = transfer(samples, [samples.buffer]);
 *   const back = await pool.apply(sorted, [moved]);
 *   console.log(samples.length, back.length); // 0 8000000
 * }
 * ```
 *
 * @typeParam T The type of the value.
 */
export function transfer<T>(
  value: T,
  transferables: readonly (Transferable | ArrayBufferLike)[],
): T {
  if (typeof value !== "object" || value === null) {
    throw new TypeError(
      `Cannot transfer value: it must be an object, received ${kindOf(value)}`,
    );
  }
  checkArray("transfer value", "transferables", transferables);
  mark(value, [...transferables] as Transferable[]);
  return value;
}
