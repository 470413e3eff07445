// What a pool's workers do before they end.

import { expose } from "../../mod.ts";

let words: Int32Array;

export function begin(given: Int32Array): void {
  words = given;
  Atomics.add(words, 0, 1);
}

export function finish(): void {
  Atomics.add(words, 1, 1);
}

export async function finishLater(): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, 1));
  finish();
}

export function failToFinish(): never {
  throw new RangeError("not finished");
}

/** Waits for what fails. */
export function failInTimer(): Promise<never> {
  setTimeout(failToFinish);
  return new Promise(() => {});
}

expose(import.meta, {
  begin,
  finish,
  finishLater,
  failToFinish,
  failInTimer,
});
