// Copyright 2026 the lab9 authors. MIT license.

/**
 * What objects with a state in shared memory have in common: how they are made on
 * memory of another thread, their address and name, and the warning of copies.
 *
 * @module
 */

import { randomWord } from "../platform/platform.ts";

/** What the next constructor finds its state in, if another thread made it. */
let next: SharedArrayBuffer | undefined;

/**
 * Makes an object of memory that another thread made: of the class that has the
 * state, with the prototype of a class that may extend it. The constructor of
 * that one is not called.
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
 * The memory to have the state in, for the constructor that is being called by
 * {@linkcode constructOn}. It asks before it does anything else.
 */
export function takeMemory(): SharedArrayBuffer | undefined {
  const memory = next;
  next = undefined;
  return memory;
}

/** Words of that memory, or so many new ones. */
export function words(
  buffer: SharedArrayBuffer | undefined,
  length: number,
): Int32Array {
  return new Int32Array(buffer ?? new SharedArrayBuffer(length * 4));
}

/**
 * A random address. Python prints an object's address, which is as arbitrary.
 */

export function randomAddress(): number {
  return randomWord();
}

/** For example `0x1140ac6a0`. */
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

// A queue or lock at a module's top level is made anew by each worker that loads
// the module: threads that seem to share it don't. The first time a thread uses
// such a copy, a warning says so. No copy in this sense is
//  - what was passed to another thread, or came from one;
//  - what is made after the modules have loaded, in a function;
//  - anything as long as the modules load: their top level runs in the main thread
//    as well.

let isLoading = false;
let hasWarned = false;

/** What this worker made while its modules were loading, and never passed on. */
export let copies: WeakSet<object> | undefined;

/** Says whether this worker's modules are loading. */
export function setLoading(now: boolean): void {
  isLoading = now;
}

/** Whether this worker's modules are loading. */
export function areModulesLoading(): boolean {
  return isLoading;
}

/** Notes that an object with memory of its own is made. */
export function noteMade(object: object): void {
  if (isLoading) (copies ??= new WeakSet()).add(object);
}

/** Notes that an object is passed to another thread. */
export function notePassed(object: object): void {
  copies?.delete(object);
}

/** Warns, once in a worker, if the object is a copy that no other thread knows. */
export function warnOfCopy(object: object): void {
  if (hasWarned || isLoading || !copies?.has(object)) return;
  hasWarned = true;
  const { name } = object.constructor;
  console.warn(
    `${
      /^([AEIOU]|RL|RW)/.test(name) ? "An" : "A"
    } ${name} is used in a worker ` +
      "that made it while loading a module: it is the worker's own copy, and no " +
      "other thread knows it. Make it under `if (import.meta.main)`, and pass " +
      "it to threads in their `args`, or to a pool's workers in `initargs`. If " +
      "each worker is meant to have its own, create it inside a function.",
  );
}
