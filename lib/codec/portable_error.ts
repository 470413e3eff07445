// Copyright 2026 the lab9 authors. MIT license.

/** What was thrown in one thread, in a form that another can rethrow. */

import { inspect } from "../platform/platform.ts";
import { Damaged } from "./tags.ts";
import { readText, setField, travelling } from "./errors.ts";
import type { AnyFunction } from "./references.ts";
import { pack, type Packed, unpack } from "./packing.ts";

/** Something that was thrown, in a form that can always be sent. */
export interface PortableError {
  /** The name of the thread that has thrown it. */
  thread: string;
  /** What was thrown, without the parts that can't be sent. */
  thrown: unknown;
}

/** The name that the functions which call a target have in stacks. */
const BOTTOM = "lab9:bottom";
const BOTTOM_FRAME = new RegExp(`^\\s+at (async )?${BOTTOM} `);

/** The errors that an error holds, besides its cause. */
const INNER_ERRORS = ["error", "suppressed"] as const;

/**
 * Marks functions that call a target. Their frames, and all below them, are left out of
 * a stack that is sent to another thread.
 */
export function markBottom(...fns: readonly AnyFunction[]): void {
  for (const fn of fns) Object.defineProperty(fn, "name", { value: BOTTOM });
}

/** Makes something that was thrown portable. It never throws. */
export function toPortable(thrown: unknown, thread: string): PortableError {
  return { thread, thrown: travelling(thrown) };
}

/** Makes something that was thrown portable, and packs it for a message. */
export function packThrown(thrown: unknown, thread: string): Packed {
  return pack(toPortable(thrown, thread), -1);
}

/** Unpacks what {@linkcode packThrown} has packed; see {@linkcode fromPortable}. */
export function unpackThrown(packed: unknown): unknown {
  return fromPortable(unpack(packed));
}

/**
 * Returns what was thrown. The `cause` of an error has the other thread's stack.
 *
 * @throws {Damaged} If {@linkcode toPortable} has not made it.
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

/** How Deno's message begins if a permission is missing. */
const REQUIRES_ACCESS = /^Requires \w+ access\b/;

/**
 * The hint after the stack of an error about a missing permission. Deno itself
 * recommends a flag, which the script may have already.
 */
function hintOn(error: Error): string {
  if (!REQUIRES_ACCESS.test(readText(() => error.message))) return "";
  return "\nA worker has only the permissions that the option `permissions` of " +
    "its Thread or Pool gives it";
}

/** Moves the stack of an error into its cause. It does the same for the errors in it. */
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
 * What was thrown, as one line of text. Only errors are turned into strings: an object
 * from another thread may have a `toString` that must not be called.
 */
export function textOf(thrown: unknown): string {
  if (!Error.isError(thrown)) return inspect(thrown);
  return `${readText(() => thrown.name)}: ${readText(() => thrown.message)}`;
}

/** The value of an own property that is not a getter. */
function valueOf(error: Error, key: string): unknown {
  return Object.getOwnPropertyDescriptor(error, key)?.value;
}

/** A stack without the frames of the library below the target. */
function userFrames(stack: string): string {
  const lines = stack.split("\n");
  const bottom = lines.findIndex((line) => BOTTOM_FRAME.test(line));
  return (bottom < 0 ? lines : lines.slice(0, bottom)).join("\n");
}
