// What is streamed from a pool's workers.

import { currentTask, expose, Queue, sleep } from "../../mod.ts";

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

/** Its last words are an error. */
export function* failAtEnd(): Generator<number> {
  try {
    for (let i = 0;; i++) yield i;
  } finally {
    fail(0).next();
  }
}

/** Ends as a queue of its own is shut down. */
export function* shutDown(): Generator<number> {
  const queue = new Queue<number>();
  queue.putNowait(1);
  queue.shutdown();
  for (;;) yield queue.getNowait();
}

export function list(): string[] {
  return ["a", "b"];
}

export function nothingToIterate(): number {
  return 1;
}

expose(import.meta, {
  count,
  countLater,
  fail,
  stall,
  failAtEnd,
  shutDown,
  list,
  nothingToIterate,
});
