// Copyright 2026 the lab9 authors. MIT license.

/**
 * The callbacks of each signal. `addEventListener` compares a new listener with
 * all that a signal has, so thousands of waits with one signal would cost the
 * square of their number. Each signal gets one listener, and a set.
 */
const callbacksOf = new WeakMap<AbortSignal, Set<() => void>>();

function dispatch(this: AbortSignal): void {
  // A set that loses a callback meanwhile doesn't come to it.
  for (const callback of callbacksOf.get(this) ?? []) callback();
  callbacksOf.delete(this);
}

/**
 * Calls back once when the signal is aborted. A callback must not throw: it
 * would keep the others from being called. A signal that is aborted already
 * never calls back.
 */
export function onAbort(signal: AbortSignal, callback: () => void): void {
  let callbacks = callbacksOf.get(signal);
  if (callbacks === undefined) {
    callbacks = new Set();
    callbacksOf.set(signal, callbacks);
    signal.addEventListener("abort", dispatch);
  }
  callbacks.add(callback);
}

/** Removes a callback, and with the last one the signal's listener. */
export function offAbort(signal: AbortSignal, callback: () => void): void {
  const callbacks = callbacksOf.get(signal);
  if (callbacks === undefined) return;
  callbacks.delete(callback);
  if (callbacks.size > 0) return;
  callbacksOf.delete(signal);
  signal.removeEventListener("abort", dispatch);
}
