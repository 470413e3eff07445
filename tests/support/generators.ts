// What is streamed from a pool's workers.

import { currentTask, expose, sleep } from "../../mod.ts";

export function* count(words: Int32Array, to = Infinity): Generator<number> {
  try {
    for (let i = 0; i < to; i++) {
      words[0]++;
      yield i;
    }
  } finally {
    words[1] = 1;
  }
}

export async function* countLater(
  words: Int32Array,
  to = Infinity,
): AsyncGenerator<number> {
  try {
    for (let i = 0; i < to; i++) {
      await sleep(0);
      words[0]++;
      yield i;
    }
  } finally {
    words[1] = 1;
  }
}

export function* fail(after: number): Generator<number> {
  for (let i = 0; i < after; i++) yield i;
  throw new RangeError("no more");
}

export async function* stall(words: Int32Array): AsyncGenerator<number> {
  try {
    yield 1;
    await sleep(3600, { signal: currentTask().signal });
  } finally {
    words[1] = 1;
  }
}

export function list(): string[] {
  return ["a", "b"];
}

export function nothingToIterate(): number {
  return 1;
}

expose(import.meta, { count, countLater, fail, stall, list, nothingToIterate });
