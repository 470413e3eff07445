// Copyright 2026 the lab9 authors. MIT license.

/**
 * What the library uses of the platform, as it was when the library loaded: a
 * program may put something of its own in its place, such as fake timers or
 * polyfills. What Deno loads when it is first looked at is kept by its getter, so
 * that a start takes no longer.
 *
 * @module
 */

/** The global of that name, whatever has been put in its place since. */
function taken<Name extends keyof typeof globalThis>(
  name: Name,
): () => (typeof globalThis)[Name] {
  const property = Object.getOwnPropertyDescriptor(globalThis, name);
  const getter = property?.get;
  if (getter !== undefined) return () => Reflect.apply(getter, globalThis, []);
  return () => property?.value;
}

const process = taken("process");
const timeout = taken("setTimeout");
const clear = taken("clearTimeout");
const crypto = taken("crypto");
const navigator = taken("navigator");

/** Milliseconds on the clock that doesn't go back. */
export const now: () => number = performance.now.bind(performance);
/** When that clock began, in milliseconds since the epoch. */
export const timeOrigin: number = performance.timeOrigin;

export const Promise: PromiseConstructor = globalThis.Promise;
export const structuredClone: typeof globalThis.structuredClone =
  globalThis.structuredClone;
export const queueMicrotask: typeof globalThis.queueMicrotask =
  globalThis.queueMicrotask;
export const Worker: typeof globalThis.Worker = globalThis.Worker;
export const MessageChannel: typeof globalThis.MessageChannel =
  globalThis.MessageChannel;
export const MessagePort: typeof globalThis.MessagePort =
  globalThis.MessagePort;

/** One of Node's modules. Not imported: a program would start later for it. */
export const nodeModule: NodeJS.Process["getBuiltinModule"] = (name: string) =>
  process().getBuiltinModule(name);

/** Calls back later, as `setTimeout` does. */
export function startTimer(
  callback: () => void,
  ms?: number,
): ReturnType<typeof setTimeout> {
  return timeout()(callback, ms);
}

/** Takes back what {@linkcode startTimer} has begun. */
export function stopTimer(timer: ReturnType<typeof setTimeout>): void {
  clear()(timer);
}

/** A number of 32 bits that can't be guessed. */
export function randomWord(): number {
  return crypto().getRandomValues(new Int32Array(1))[0];
}

/** How many threads the machine runs at once. */
export function processors(): number {
  return navigator().hardwareConcurrency;
}
