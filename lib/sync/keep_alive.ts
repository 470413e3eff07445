// Copyright 2026 the lab9 authors. MIT license.

/**
 * A lone `Atomics.waitAsync` doesn't keep Deno's event loop alive (a program
 * that awaits one would end in the middle), so a clock does while anything is
 * awaited: a signal's, which keeps the loop alive while it is listened to.
 * `setInterval` would do the same, but Deno loads its timers when they are first
 * looked at, which takes half as long as loading this library.
 */
let clock: AbortSignal | undefined;

/**
 * A clock can't be stopped. Until it has run out, Deno doesn't notice that what
 * a program awaits can never come, so it runs for a second at a time.
 */
const CLOCK_MS = 1000;

// Looked up here: a program's tests may put a time of their own in its place.
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

/** Listens to a clock that runs: to another when the last has run out. */
function listen(): void {
  if (clock === undefined || clock.aborted) {
    clock = timeout(CLOCK_MS);
  }
  clock.addEventListener("abort", listen);
}
