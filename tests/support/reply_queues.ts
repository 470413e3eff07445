// Functions that find queues, locks and memory in the items of a queue.

import {
  Barrier,
  Condition,
  expose,
  Lock,
  Queue,
  sleepSync,
} from "../../mod.ts";

/** A question, and where to put the answer. */
export interface Question {
  n: number;
  replies: Queue<number>;
}

/** Answers each question in its own queue. */
export function answer(questions: Queue<Question>): number {
  let count = 0;
  for (const { n, replies } of questions) {
    replies.putSync(n * n);
    count++;
  }
  return count;
}

export async function answerAsync(
  questions: Queue<Question>,
): Promise<number> {
  let count = 0;
  for await (const { n, replies } of questions) {
    await replies.put(n * n);
    count++;
  }
  return count;
}

/** Asks so many questions, each with a queue of its own. */
export function ask(questions: Queue<Question>, count: number): number {
  let sum = 0;
  for (let n = 0; n < count; n++) {
    const replies = new Queue<number>();
    questions.putSync({ n, replies });
    sum += replies.getSync();
  }
  return sum;
}

/** Puts objects in shared memory, which are gone from this thread then. */
export function putShared(items: Queue<unknown>): void {
  const lock = new Lock();
  const words = new Int32Array(new SharedArrayBuffer(8));
  words[1] = 7;
  items.putSync({ lock, deep: [new Map([["words", words]])] });
  items.putSync(words.buffer);
  items.putSync(new Condition(lock));
  items.putSync([0, new Barrier(1, { action: nothing })]);
}

/** Moves items from one queue to another. */
export function forward(from: Queue<unknown>, to: Queue<unknown>): void {
  for (const item of from) to.putSync(item);
}

/** Takes an item that brings memory, and writes there. */
export function takeAndWrite(items: Queue<SharedArrayBuffer>): void {
  new Int32Array(items.getSync())[0]++;
}

/** Computes for a while; then it puts something. */
export function putLate(items: Queue<unknown>, item: unknown): void {
  sleepSync(0.05);
  items.putSync(item);
}

export function nothing(): void {}

expose(import.meta, {
  answer,
  answerAsync,
  ask,
  forward,
  nothing,
  putLate,
  putShared,
  takeAndWrite,
});
