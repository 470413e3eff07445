// Copyright 2026 the lab9 authors. MIT license.

/**
 * An `Atomics.waitAsync` alone doesn't keep Deno's event loop alive: a program that
 * awaits nothing else would end while it waits. So a clock runs while anything is
 * awaited. The clock is an abort signal with a timeout. It keeps the loop alive while
 * it has a listener. `setInterval` would do the same, but Deno loads its timers when
 * they are first used, which takes half as long as loading this library.
 */
let clock: AbortSignal | undefined;

/**
 * How long one clock runs. A clock can't be stopped, and while it runs Deno doesn't
 * notice that a program awaits something that never resolves. So clocks are short,
 * and one follows another.
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

/** Listens to the clock, and to a new clock when the old one has run out. */
function listen(): void {
  if (clock === undefined || clock.aborted) {
    clock = timeout(CLOCK_MS);
  }
  clock.addEventListener("abort", listen);
}
