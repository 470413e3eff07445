// Copyright 2026 the lab9 authors. MIT license.

import { hasTimer } from "../platform/platform.ts";

const { addEventListener, removeEventListener } = EventTarget.prototype;

/**
 * The listeners of {@linkcode onAbortQuietly}. The signals stay in memory until their
 * timers have run out, as with any listener.
 */
const quiet = new Map<AbortSignal, () => void>();

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
  const listener = quiet.get(signal);
  // A signal that is aborted calls its listeners now: one that is added again isn't called.
  if (listener === undefined || signal.aborted) {
    signal.removeEventListener("abort", dispatch);
    return;
  }
  // The signal keeps the process alive until its last listener is removed.
  removeEventListener.call(signal, "abort", listener);
  signal.removeEventListener("abort", dispatch);
  addEventListener.call(signal, "abort", listener);
}

/**
 * {@linkcode onAbort} that doesn't keep the process alive, once for each signal. For
 * that, the methods of `AbortSignal` are passed over where it has a timer.
 */
export function onAbortQuietly(
  signal: AbortSignal,
  callback: () => void,
): void {
  if (!hasTimer(signal)) return onAbort(signal, callback);
  const listener = () => {
    quiet.delete(signal);
    callback();
  };
  quiet.set(signal, listener);
  addEventListener.call(signal, "abort", listener);
}
