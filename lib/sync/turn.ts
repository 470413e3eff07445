// Copyright 2026 the lab9 authors. MIT license.

const word = new Int32Array(new SharedArrayBuffer(4));

/**
 * Gives the event loop one turn, for timers, messages and I/O. A notified
 * `Atomics.waitAsync` resolves in a task of its own, in a few microseconds; a
 * timer of 0 ms takes more than a millisecond. It doesn't keep the loop alive.
 */
export async function turn(): Promise<void> {
  const { value } = Atomics.waitAsync(word, 0, 0);
  Atomics.notify(word, 0);
  await value;
}
