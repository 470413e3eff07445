// Copyright 2026 the lab9 authors. MIT license.

/**
 * A lone `Atomics.waitAsync` doesn't keep Deno's event loop alive (a program
 * that awaits one would end in the middle), so a timer does while anything is
 * awaited.
 */
const LONGEST_INTERVAL = 2 ** 31 - 1;

// Looked up here, because Deno loads timers when they are first looked at and
// runs microtasks meanwhile: a hold would be taken in the middle of another.
const { setInterval, clearInterval } = globalThis;

let holders = 0;
let timer: ReturnType<typeof setInterval> | undefined;

/** Keeps the event loop alive until the returned hold is disposed of. */
export function hold(): Disposable {
  if (holders++ === 0) timer = setInterval(() => {}, LONGEST_INTERVAL);
  let held = true;
  return {
    [Symbol.dispose]() {
      if (!held) return;
      held = false;
      if (--holders === 0) clearInterval(timer);
    },
  };
}
