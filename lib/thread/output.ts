// Copyright 2026 the lab9 authors. MIT license.

/**
 * How a thread's console is redirected. As long as the thread runs, the methods of
 * the global `console` are replaced by those of another `Console` of Deno's. It
 * formats as always, and passes the text of each call on in one piece: so the lines
 * of different threads don't mix.
 *
 * @module
 */

import { checkFlag, kindOf } from "../checks.ts";
import {
  formatters,
  type Methods,
  newConsole,
  WARNING,
} from "../platform/platform.ts";
import {
  type Handle,
  handleOf,
  isShareable,
  putLast,
  reviveHandle,
} from "../codec/references.ts";
import type { Guard } from "../sync/mutex.ts";
import { isUnwinding } from "../sync/waiters.ts";
// Only the type: a program that uses no queue doesn't load one for this.
import type { Queue } from "../queue/queue.ts";

/** Options of threads and pools for what `console` prints. */
export interface OutputOptions {
  /**
   * The queue for what `console` prints: one item for each call, without colours.
   * While the queue is full, printing waits. After the queue's shutdown, what is
   * printed is lost. So is what a thread prints while it is being terminated, if the
   * queue is full.
   */
  stdout?: Queue<string>;
  /**
   * Whether `console` prints the thread's name before each line, as in
   * `[Thread-1 (worker)] text`.
   *
   * @default {false}
   */
  printName?: boolean;
}

/** How a thread's console is redirected. */
export interface Output {
  /** The handle of the queue for the output. */
  to?: Handle;
  /** Whether the thread's name is printed before each line. */
  isNamed?: boolean;
}

// deno-lint-ignore no-control-regex -- colours
const COLORS = /\x1b\[[\d;]*m/g;

/** The errors of a put after which the text is lost. */
const LOST = new Set(["ShutDown", "Full"]);

/** The console's own methods, while they are replaced. */
let original: Methods | undefined;

/**
 * Checks the options. It returns undefined if the console isn't redirected.
 *
 * @throws {TypeError} If `stdout` is not a queue, or `printName` not a boolean.
 */
export function outputOf(
  action: string,
  { stdout, printName = false }: OutputOptions,
): Output | undefined {
  checkFlag(action, "printName", printName);
  if (stdout === undefined) return printName ? { isNamed: true } : undefined;
  if (isQueue(stdout)) {
    return { to: handleOf(stdout), isNamed: printName };
  }
  throw new TypeError(
    `Cannot ${action}: stdout must be a Queue, received ${kindOf(stdout)}`,
  );
}

function isQueue(value: unknown): value is Queue<string> {
  return typeof value === "object" && value !== null && isShareable(value) &&
    "putSync" in value;
}

/** Keeps this worker from being ended by force; undefined if that can't happen. */
let guard: Guard | undefined;

/**
 * Keeps this worker from being ended by force while a method of the console runs, or
 * `Deno.inspect`. Deno's native code ignores the order to end: the worker would go on
 * for ever.
 */
export function guardConsole(by: Guard): void {
  guard = by;
  for (const [owner, name] of formatters()) owner[name] = guarded(owner[name]);
}

function guarded<Args extends unknown[], T>(
  call: (...args: Args) => T,
): (...args: Args) => T {
  if (guard === undefined) return call;
  const { enter, leave } = guard;
  return (...args) => {
    enter();
    try {
      return call(...args);
    } finally {
      leave();
    }
  };
}

/** Redirects the console for a thread of that name. */
export function redirectOutput(output: Output, name: string): void {
  const { to, isNamed = false } = output;
  const global = console as unknown as Methods;
  const methods = { ...global };
  const sink = to && reviveHandle(to) as Queue<string>;
  let isPutting = false;
  let pending = "";
  let level = 0;
  const formatter = newConsole((text, at) => {
    // The text of `console.trace` comes in pieces.
    pending += text;
    level = at;
  });
  const print = () => {
    if (pending === "") return;
    const lines = isNamed
      ? pending.slice(0, -1).replaceAll(/^/gm, `[${name}] `)
      : pending.slice(0, -1);
    pending = "";
    // A warning that the queue itself prints can't be put into it.
    if (sink === undefined || isPutting) {
      const print = level < WARNING ? methods.log : methods.error;
      return print.call(console, lines);
    }
    isPutting = true;
    try {
      const text = lines.replaceAll(COLORS, "");
      // It may stand in a `finally` block, which the second wait would break off.
      if (isUnwinding()) sink[putLast](text);
      else sink.putSync(text);
    } catch (error) {
      if (!LOST.has((error as Error).name)) throw error;
    } finally {
      isPutting = false;
    }
  };
  const redirected: Methods = {};
  for (const [name, method] of Object.entries(formatter)) {
    // Deno's console is native code, which goes on if the worker is ended in the middle
    // of it. So the text is put when the method has returned.
    if (typeof method !== "function") redirected[name] = method;
    else {
      const format = guarded(method);
      redirected[name] = (...args) => {
        format(...args);
        print();
      };
    }
  }
  original = methods;
  Object.assign(global, redirected);
}

/** Gives the console its own methods back. */
export function restoreOutput(): void {
  if (original === undefined) return;
  Object.assign(console, original);
  original = undefined;
}
