// Copyright 2026 the lab9 authors. MIT license.

/**
 * Where a thread's console goes. Deno's `Console` formats as it always does and
 * hands the text on; its methods stand in place of the global console's as long
 * as the thread runs. Each call's text goes in one piece, so that lines of
 * different threads don't mix.
 *
 * @module
 */

import { kindOf } from "../checks.ts";
import { type Methods, newConsole, WARNING } from "../platform/platform.ts";
import {
  type Handle,
  handleOf,
  isShareable,
  reviveHandle,
} from "../codec/references.ts";
// A program that has no queue doesn't load one for this.
import type { Queue } from "../queue/queue.ts";

/** Options of threads and pools. */
export interface OutputOptions {
  /**
   * The queue that what is printed by `console` goes to, one item a call, without
   * colours. A full queue has the printing wait. After the queue's shutdown it
   * goes nowhere.
   */
  stdout?: Queue<string>;
  /**
   * Whether the thread's name stands before each line that it prints by
   * `console`, as `[Thread-1 (worker)] text`.
   *
   * @default {false}
   */
  printName?: boolean;
}

/** What is to become of what a thread prints. */
export interface Output {
  /** The queue that it goes to. */
  to?: Handle;
  /** Whether the thread's name stands before each line. */
  isNamed?: boolean;
}

// deno-lint-ignore no-control-regex -- colours
const COLORS = /\x1b\[[\d;]*m/g;

let original: Methods | undefined;

/**
 * What the options say; undefined if that is nothing.
 *
 * @throws {TypeError} If the queue is none.
 */
export function outputOf(
  action: string,
  { stdout, printName = false }: OutputOptions,
): Output | undefined {
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

/** From now on the thread's console goes there. */
export function redirectOutput(output: Output, name: string): void {
  const { to, isNamed = false } = output;
  const global = console as unknown as Methods;
  const methods = { ...global };
  const sink = to && reviveHandle(to) as Queue<string>;
  let isPutting = false;
  let pending = "";
  const redirected = newConsole((text, level) => {
    // A trace comes in pieces.
    pending += text;
    if (!pending.endsWith("\n")) return;
    const lines = isNamed
      ? pending.slice(0, -1).replaceAll(/^/gm, `[${name}] `)
      : pending.slice(0, -1);
    pending = "";
    // What the queue itself has to say can't go there.
    if (sink === undefined || isPutting) {
      const print = level < WARNING ? methods.log : methods.error;
      return print.call(console, lines);
    }
    isPutting = true;
    try {
      sink.putSync(lines.replaceAll(COLORS, ""));
    } catch (error) {
      if ((error as Error).name !== "ShutDown") throw error;
    } finally {
      isPutting = false;
    }
  });
  original = methods;
  Object.assign(global, redirected);
}

/** From now on the console is Deno's again. */
export function restoreOutput(): void {
  if (original === undefined) return;
  Object.assign(console, original);
  original = undefined;
}
