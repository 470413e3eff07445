// Copyright 2026 the lab9 authors. MIT license.

/**
 * The end of the main thread. As in CPython, the main thread has ended when its
 * script is done and only threads are left to wait for. Threads that join it then
 * go on. The process ends with the last of the threads.
 *
 * While the script's modules are evaluated, the process is kept alive as long as a
 * thread runs: Deno ends a program whose top-level await nothing seems to resolve.
 * Afterwards Deno's event "beforeunload" tells when nothing else is going on.
 *
 * @module
 */

import { endsByItself, isBrowser } from "../platform/platform.ts";
import { hold } from "../sync/keep_alive.ts";
import { MAIN_SLOT, Slot } from "./thread_table.ts";

const { addEventListener, removeEventListener } = globalThis;

/** How many threads the process waits for. */
let threads = 0;
/** Whether the script's modules have been evaluated. */
let isEvaluated = false;
let held: Disposable | undefined;

if (endsByItself) {
  addEventListener("load", () => {
    isEvaluated = true;
    release();
  }, { once: true });
}

/** Keeps the process alive until the returned object is disposed of. */
export function awaitThread(): Disposable {
  // On a page, a listener of "beforeunload" asks the user whether to leave.
  if (isBrowser) return { [Symbol.dispose]() {} };
  if (threads++ === 0) {
    addEventListener("beforeunload", endMain);
    if (!isEvaluated) held = hold();
  }
  return {
    [Symbol.dispose]() {
      if (--threads > 0) return;
      removeEventListener("beforeunload", endMain);
      release();
    },
  };
}

function endMain(event: globalThis.Event): void {
  event.preventDefault();
  // The program's own listeners are called when the process really ends.
  event.stopImmediatePropagation();
  held ??= hold();
  new Slot(MAIN_SLOT).endMain();
}

function release(): void {
  held?.[Symbol.dispose]();
  held = undefined;
}
