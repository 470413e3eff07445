// Copyright 2026 the lab9 authors. MIT license.

/** What was thrown in one thread, in a form that another can rethrow. */

import { inspect } from "../platform/platform.ts";
import { Damaged } from "./tags.ts";
import { readText, setField, travelling } from "./errors.ts";
import type { AnyFunction } from "./references.ts";
import { pack, type Packed, unpack } from "./packing.ts";

/** The part of something thrown that is sent: it can travel, whatever was in it. */
export interface PortableError {
  /** The thread that it was thrown in. */
  thread: string;
  thrown: unknown;
}

/** The name of the functions that call a target, in stacks. Nobody else's has it. */
const BOTTOM = "lab9:bottom";
const BOTTOM_FRAME = new RegExp(`^\\s+at (async )?${BOTTOM} `);

/** The errors that an error holds, besides its cause. */
const INNER_ERRORS = ["error", "suppressed"] as const;

/**
 * Marks functions that call a target: a stack that another thread gets ends above
 * their frames.
 */
export function markBottom(...fns: readonly AnyFunction[]): void {
  for (const fn of fns) Object.defineProperty(fn, "name", { value: BOTTOM });
}

/** What can be sent of something thrown. Never throws. */
export function toPortable(thrown: unknown, thread: string): PortableError {
  return { thread, thrown: travelling(thrown) };
}

/** The same, for a message. */
export function packThrown(thrown: unknown, thread: string): Packed {
  return pack(toPortable(thrown, thread), -1);
}

/** What {@linkcode packThrown} packed, as {@linkcode fromPortable} gives it. */
export function unpackThrown(packed: unknown): unknown {
  return fromPortable(unpack(packed));
}

/**
 * The thrown thing again, with the other thread's stack as its `cause`.
 *
 * @throws {Damaged} If this is nothing that {@linkcode toPortable} made.
 */
export function fromPortable(portable: unknown): unknown {
  const { thread, thrown } = checkPortable(portable);
  addTraceback(thrown, thread, new Set());
  return thrown;
}

function checkPortable(portable: unknown): PortableError {
  const isPortable = typeof portable === "object" && portable !== null &&
    "thrown" in portable && "thread" in portable &&
    typeof portable.thread === "string";
  if (!isPortable) throw new Damaged("error");
  return portable as PortableError;
}

/** What Deno says of a permission that is missing; of a module in a TypeError. */
const REQUIRES_ACCESS = /^Requires \w+ access\b/;

/**
 * What to say after the stack of a permission that is missing. Deno's own advice
 * is a flag, which the script may have already.
 */
function hintOn(error: Error): string {
  if (!REQUIRES_ACCESS.test(readText(() => error.message))) return "";
  return "\nA worker has only the permissions that the option `permissions` of " +
    "its Thread or Pool gives it";
}

/** Moves an error's stack into its cause, and those of the errors in it. */
function addTraceback(
  error: unknown,
  thread: string,
  known: Set<unknown>,
): void {
  if (!Error.isError(error) || known.has(error)) return;
  known.add(error);
  const stack = userFrames(readText(() => error.stack));
  const traceback = new Error(`In ${thread}:\n${stack}${hintOn(error)}`);
  setField(traceback, "name", "RemoteTraceback");
  traceback.stack = `RemoteTraceback: ${traceback.message}`;
  const cause = valueOf(error, "cause");
  addTraceback(cause, thread, known);
  if (cause) setField(traceback, "cause", cause);
  const errors = valueOf(error, "errors");
  if (Array.isArray(errors)) {
    for (const inner of errors) addTraceback(inner, thread, known);
  }
  for (const key of INNER_ERRORS) {
    addTraceback(valueOf(error, key), thread, known);
  }
  setField(error, "cause", traceback);
  error.stack = textOf(error);
}

/**
 * What was thrown, in a line. What came from another thread isn't turned into
 * text: it may be an object whose function would be called.
 */
export function textOf(thrown: unknown): string {
  if (!Error.isError(thrown)) return inspect(thrown);
  return `${readText(() => thrown.name)}: ${readText(() => thrown.message)}`;
}

/** An own property that is a plain value. */
function valueOf(error: Error, key: string): unknown {
  return Object.getOwnPropertyDescriptor(error, key)?.value;
}

/** The stack without the library's own frames below the target's. */
function userFrames(stack: string): string {
  const lines = stack.split("\n");
  const bottom = lines.findIndex((line) => BOTTOM_FRAME.test(line));
  return (bottom < 0 ? lines : lines.slice(0, bottom)).join("\n");
}
