// Copyright 2026 the lab9 authors. MIT license.

/**
 * The end of the main thread, as CPython has it: once its script is done and
 * there is nothing but threads to wait for, the main thread has ended, and
 * a join of it returns. The process ends with the last of those threads.
 *
 * Until the script's modules are evaluated, the threads are held for: Deno ends
 * a program that awaits at its top level what nothing seems to bring about. From
 * then on Deno says, by "beforeunload", when nothing else is going on.
 *
 * @module
 */

import { endsByItself, isBrowser } from "../platform/platform.ts";
import { hold } from "../sync/keep_alive.ts";
import { MAIN_SLOT, Slot } from "./thread_table.ts";

const { addEventListener, removeEventListener } = globalThis;

let threads = 0;
let isEvaluated = false;
let held: Disposable | undefined;

if (endsByItself) {
  addEventListener("load", () => {
    isEvaluated = true;
    release();
  }, { once: true });
}

/** Keeps the process from ending until it is disposed of, with its thread. */
export function awaitThread(): Disposable {
  // A page asks its user, at that event, whether to leave it.
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
  // The program's own listeners hear of the end when the process ends.
  event.stopImmediatePropagation();
  held ??= hold();
  new Slot(MAIN_SLOT).endMain();
}

function release(): void {
  held?.[Symbol.dispose]();
  held = undefined;
}
