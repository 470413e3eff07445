// Copyright 2026 the lab9 authors. MIT license.

/**
 * A queue or lock at a module's top level is made anew by each worker that loads
 * the module: threads that seem to share it don't. The first time a thread uses
 * such a copy, a warning says so. No copy in this sense is
 *  - what was passed to another thread, or came from one;
 *  - what is made after the modules have loaded, in a function;
 *  - anything as long as the modules load: their top level runs in the main thread
 *    as well.
 *
 * @module
 */

let isLoading = false;
let hasWarned = false;

/** What this worker made while its modules were loading, and never passed on. */
export let copies: WeakSet<object> | undefined;

/** Says whether this worker's modules are loading. */
export function setLoading(now: boolean): void {
  isLoading = now;
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
      "it to threads in their `args`, or to a pool's workers in `initargs`. One " +
      "that a worker is to have for itself is made in a function.",
  );
}
