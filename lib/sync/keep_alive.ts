// Copyright 2026 the lab9 authors. MIT license.

/**
 * A lone `Atomics.waitAsync` doesn't keep Deno's event loop alive: a program
 * that awaits one would end in the middle. So a clock runs while anything is
 * awaited. It is an abort signal with a timeout, which keeps the loop alive
 * while somebody listens to it. `setInterval` would do the same, but Deno loads
 * its timers when they are first used, which takes half as long as loading this
 * library.
 */
let clock: AbortSignal | undefined;

/**
 * A clock can't be stopped. Until it has run out, Deno doesn't notice that a
 * program awaits something that can never come. So a clock runs for a second,
 * and then the next.
 */
const CLOCK_MS = 1000;

// Looked up once: tests of a program may replace the global.
const timeout = AbortSignal.timeout.bind(AbortSignal);

let holders = 0;

/** Keeps the event loop alive until the returned hold is disposed of. */
export function hold(): Disposable {
  if (holders++ === 0) listen();
  let held = true;
  return {
    [Symbol.dispose]() {
      if (!held) return;
      held = false;
      if (--holders === 0) clock!.removeEventListener("abort", listen);
    },
  };
}

/** Listens to the clock, and to a new one when it has run out. */
function listen(): void {
  if (clock === undefined || clock.aborted) {
    clock = timeout(CLOCK_MS);
  }
  clock.addEventListener("abort", listen);
}
