// Copyright 2026 the lab9 authors. MIT license.

/**
 * What objects with a state in shared memory have in common: how they are made on
 * memory of another thread, their address and name, and the warning of copies.
 *
 * @module
 */

import { withArticle } from "../checks.ts";
import { randomWord } from "../platform/platform.ts";

/** The memory for the next object, if another thread has made that memory. */
let next: SharedArrayBuffer | undefined;

/**
 * Makes an object whose state is in memory that another thread has made.
 *
 * @param base The library's class, whose constructor is called.
 * @param actual The class whose prototype the object gets: `base`, or a class of the
 * user's that extends it. The constructor of the user's class is not called.
 */
export function constructOn<T>(
  // deno-lint-ignore no-explicit-any -- whatever the constructor takes
  base: new (...args: any[]) => T,
  actual: abstract new (...args: never[]) => unknown,
  memory: SharedArrayBuffer,
  args: readonly unknown[] = [],
): T {
  next = memory;
  try {
    return Reflect.construct(base, args, actual);
  } finally {
    next = undefined;
  }
}

/**
 * Takes the memory that {@linkcode constructOn} passes to a constructor; undefined if
 * the constructor was called by the user. A constructor calls it first of all.
 */
export function takeMemory(): SharedArrayBuffer | undefined {
  const memory = next;
  next = undefined;
  return memory;
}

/** The words of a buffer; without a buffer, so many new ones. */
export function words(
  buffer: SharedArrayBuffer | undefined,
  length: number,
): Int32Array {
  return new Int32Array(buffer ?? new SharedArrayBuffer(length * 4));
}

/** A random address for an object, because Python prints the address of an object. */
export function randomAddress(): number {
  return randomWord();
}

/** An address as Python prints it, for example `0x1140ac6a0`. */
export function formatAddress(word: number): string {
  return `0x${(0x100000000 + (word >>> 4) * 16).toString(16)}`;
}

/** The words of a name in shared memory: a length, and 40 characters. */
export const LABEL_WORDS = 21;
const LONGEST = (LABEL_WORDS - 1) * 2;

/** Writes a name. A name that is too long is cut. */
export function writeLabel(
  words: Int32Array,
  index: number,
  label: string,
): void {
  const text = label.length > LONGEST
    ? `${label.slice(0, LONGEST - 1)}…`
    : label;
  for (let i = 0; i < text.length; i += 2) {
    // Past the end `charCodeAt` is NaN, which becomes 0.
    const low = text.charCodeAt(i);
    words[index + 1 + i / 2] = low | text.charCodeAt(i + 1) << 16;
  }
  words[index] = text.length;
}

/** Reads a name. */
export function readLabel(words: Int32Array, index: number): string {
  const codes = Array.from({ length: words[index] }, (_, i) => {
    const pair = words[index + 1 + (i >> 1)];
    return i % 2 === 0 ? pair & 0xffff : pair >>> 16;
  });
  return String.fromCharCode(...codes);
}

// Each worker that loads a module makes its own copy of a queue or a lock at the
// module's top level. Threads may seem to share such an object, but they don't. So
// the first use of such a copy in a worker prints a warning. An object doesn't count
// as such a copy
//  - if it was passed to another thread, or came from one;
//  - if a function has made it, after the modules were loaded;
//  - while the modules load: the main thread runs their top level, too.

let isLoading = false;
/** Whether a function's code runs, and not the top level of a module. */
let isInFunction = (): boolean => false;
let hasWarned = false;

/** The objects that this worker made while its modules were loading. */
export let copies: WeakSet<object> | undefined;

/** Sets whether this worker's modules are loading. */
export function setLoading(now: boolean): void {
  isLoading = now;
}

/**
 * Sets how a worker finds out that a function's code runs. A worker of several tasks may
 * load modules for one of them while others run.
 */
export function setInFunction(is: () => boolean): void {
  isInFunction = is;
}

/** Whether this worker's modules are loading, so that the top level of one may run. */
export function areModulesLoading(): boolean {
  return isLoading && !isInFunction();
}

/** Notes an object that is made with new memory. */
export function noteMade(object: object): void {
  if (areModulesLoading()) (copies ??= new WeakSet()).add(object);
}

/** Notes that an object is passed to another thread, so that it is no copy. */
export function notePassed(object: object): void {
  copies?.delete(object);
}

/** Warns, once in a worker, if the object is a copy that only this worker has. */
export function warnOfCopy(object: object): void {
  if (hasWarned || !copies?.has(object) || areModulesLoading()) return;
  hasWarned = true;
  const what = withArticle(object.constructor.name, "A");
  console.warn(
    `${what} is used in a worker that made it while loading a module: it is the ` +
      "worker's own copy, and no " +
      "other thread knows it. Make it under `if (import.meta.main)`, and pass " +
      "it to threads in their `args`, or to a pool's workers in `initargs`. If " +
      "each worker is meant to have its own, create it inside a function.",
  );
}
