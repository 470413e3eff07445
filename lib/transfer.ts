// Copyright 2026 the lab9 authors. MIT license.

import { kindOf } from "./checks.ts";
import { mark } from "./codec/marks.ts";

/**
 * Marks a value for being moved to another thread instead of being copied. A
 * move takes no time, however large the value is. Python has nothing like it:
 * its pools pickle everything.
 *
 * The marked value may stand anywhere in the arguments of a {@linkcode Thread}
 * or of a {@linkcode Pool}'s task, or in what one of them returns. Once it is
 * sent, the sender has lost what was moved: the length of a typed array is 0
 * then. If anything in the message can't be sent, nothing is lost, and the sender
 * gets a `DataCloneError`. So it does for a value that was moved before.
 *
 * The mark has no effect in an item of a {@linkcode Queue}, which is copied into
 * shared memory, nor in a pool's `initargs`, because each worker needs its own.
 *
 * @param value The value, or an object that holds it.
 * @param transferables The parts that are moved: buffers (`array.buffer` of a
 * typed array `array`), message ports, streams. A SharedArrayBuffer is refused
 * when it is sent: all threads have it without moving.
 * @returns The value itself.
 * @throws {TypeError} If the value is not an object, or the transferables are no
 * list.
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
  if (!Array.isArray(transferables)) {
    throw new TypeError(
      "Cannot transfer value: transferables must be an array, received " +
        kindOf(transferables),
    );
  }
  mark(value, [...transferables] as Transferable[]);
  return value;
}
