// Copyright 2026 the lab9 authors. MIT license.

import { type Signal, signal } from "@preact/signals";

/** What runs in a worker, and can be ended. */
export interface Running {
  /** The lab or the exercise. */
  readonly what: object;
  stop(): void;
}

/** What the page says of itself. */
export const status: Signal<string> = signal("");
/** The lab or the exercise that runs. */
export const running: Signal<object | undefined> = signal<object | undefined>();
let current: Running | undefined;

/** Ends what runs, and starts something else. */
export function begin(start: () => Running): void {
  stop();
  current = start();
  running.value = current.what;
}

/** Nothing runs any more. */
export function end(): void {
  current = undefined;
  running.value = undefined;
}

/** Ends what runs, whatever it does. */
export function stop(): void {
  current?.stop();
}
