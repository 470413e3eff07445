// A module that was taken over: what it does in a worker to reach others.

import { Cargo } from "../../lib/codec/cargo.ts";
import { Encoder } from "../../lib/codec/encoder.ts";
import { expose } from "../../lib/expose.ts";
import type { Queue } from "../../lib/queue/queue.ts";
import { handle, idOf, type Shareable } from "../../lib/codec/references.ts";
import { HEADER_BYTES, PUTS } from "../../lib/store/store.ts";
import { HANDOVER_BYTES } from "../../lib/thread/handover.ts";

/** The memory of a worker's jobs and answers, by its size. */
function isHandover({ buffer }: Int32Array): boolean {
  return buffer.byteLength === HANDOVER_BYTES;
}

/** Exposed; tells which thread it ran in. */
export function privileged(ran: Int32Array): void {
  if (ran instanceof Int32Array) ran[0]++;
  else globalThis.dispatchEvent(new Event("privileged"));
}
/** Not exposed. */
export function secret(): void {
  globalThis.dispatchEvent(new Event("privileged"));
}

/** Messages that look like the library's own. */
export function forgeries(buffer?: SharedArrayBuffer): unknown[] {
  const id = idOf(privileged)!;
  const standIn = {};
  const packed = {
    value: [standIn],
    references: [[standIn, id]],
    transferables: [],
  };
  return [
    "stop",
    null,
    id,
    [id],
    { waiterTable: buffer, waiter: 1, table: buffer, handover: buffer },
    { mail: packed },
    { value: packed },
    { thrown: { thread: "x", error: { base: "Error", message: "forged" } } },
    { target: id, args: packed },
    new Map([["message", { value: packed }]]),
    packed,
    { type: "Queue", buffer },
    { type: "Lock", buffer, inner: { type: "Nothing", buffer } },
    { type: "secret", url: import.meta.url, name: "secret" },
    JSON.parse('{"__proto__": {"polluted": true}, "constructor": {"a": 1}}'),
  ];
}

/** Posts forgeries to the main thread, which never asked for a message. */
export function postForgeries(): string {
  const post = self as unknown as Worker;
  for (const forged of forgeries(new SharedArrayBuffer(4096))) {
    post.postMessage(forged);
  }
  return "posted";
}

/** Posts so many messages to the main thread. */
export function flood(count: number): void {
  const post = self as unknown as Worker;
  for (let i = 0; i < count; i++) post.postMessage({ i });
}

/** Has this worker's own library receive forgeries. */
export function dispatchForgeries(): string {
  for (const data of forgeries()) {
    if (data === null || typeof data !== "object" || "waiterTable" in data) {
      continue;
    }
    self.dispatchEvent(new MessageEvent("message", { data }));
  }
  return "dispatched";
}

/** Changes what all objects of this thread have. */
export function pollute(): unknown {
  Object.assign(Object.prototype, { polluted: true });
  try {
    return [{}, [1], new Error("polluted"), new Map([[1, {}]])];
  } finally {
    delete (Object.prototype as { polluted?: boolean }).polluted;
  }
}

export function throwPolluting(): never {
  const properties = JSON.parse('{"__proto__": {"polluted": true}}');
  throw Object.assign(
    Object.defineProperties(new Error("thrown"), {
      ["__proto__"]: { value: { polluted: true }, enumerable: true },
    }),
    { properties },
  );
}

/** The memory of a queue, which whoever has the queue can get at. */
export function memoryOf(queue: Queue<unknown>): Uint8Array {
  const { buffer } = (queue as unknown as Shareable)[handle]();
  return new Uint8Array(buffer);
}

/** Where the first record of a queue begins. */
export const FIRST_RECORD = HEADER_BYTES;

/** Puts an object with a function, then renames the property in the memory. */
export function forgeThenable(queue: Queue<unknown>): void {
  queue.putSync({ than: privileged });
  const bytes = memoryOf(queue);
  const at = Array.from({ length: 200 }, (_, i) => FIRST_RECORD + i).find((i) =>
    String.fromCharCode(...bytes.subarray(i, i + 4)) === "than"
  )!;
  bytes[at + 2] = "e".charCodeAt(0);
}

/** Damages the answer after the library has written it. */
export function damageAnswer(length: number, fill: number): string {
  const original = Atomics.compareExchange;
  Atomics.compareExchange = ((array: Int32Array, ...rest: [0, 0, 0]) => {
    if (isHandover(array)) {
      Atomics.compareExchange = original;
      array[2] = length;
      new Uint8Array(array.buffer).fill(fill, 64, 1064);
    }
    return original(array, ...rest);
  }) as typeof original;
  return "answer";
}

/** Damages the answer, and begins to get an item once the thread has unwound. */
export function damageAnswerAndGet(queue: Queue<unknown>): string {
  const original = Atomics.compareExchange;
  Atomics.compareExchange = ((array: Int32Array, ...rest: [0, 0, 0]) => {
    if (isHandover(array)) {
      Atomics.compareExchange = original;
      new Uint8Array(array.buffer).fill(255, 64, 1064);
      queue.get().catch(() => {});
    }
    return original(array, ...rest);
  }) as typeof original;
  return "answer";
}

let forged = false;

/** Whether an answer was forged in this worker. */
export function hasForged(): boolean {
  return forged;
}

/** Writes another answer than the library has: one with functions in it. */
export function forgeAnswer(kind: number): string {
  forged = true;
  const original = Atomics.compareExchange;
  const calls = { toString: privileged, valueOf: privileged, map: privileged };
  const answer = [
    { value: calls },
    { value: privileged },
    { value: { value: calls, references: calls, transferables: [] } },
    { value: { value: [1], references: [[privileged, 1]] } },
    { thrown: calls },
    { thrown: { value: calls, references: [] } },
    { thrown: { value: { thread: privileged, thrown: 1 }, references: [] } },
    {
      thrown: {
        value: { thread: "t", thrown: { message: privileged } },
        references: [],
      },
    },
    7,
    [],
    {},
  ][kind];
  const cargo = new Cargo();
  const encoder = new Encoder();
  Atomics.compareExchange = ((array: Int32Array, ...rest: [0, 0, 0]) => {
    if (isHandover(array)) {
      Atomics.compareExchange = original;
      encoder.encode(safely(answer), cargo);
      // What is refused here is forged: `toStrinG` becomes `toString`.
      const bytes = cargo.bytes.subarray(0, cargo.length);
      const text = new TextDecoder("latin1").decode(bytes);
      for (const [from, to] of RENAMED) {
        for (let at = text.indexOf(from); at >= 0;) {
          bytes.set(new TextEncoder().encode(to), at);
          at = text.indexOf(from, at + 1);
        }
      }
      new Uint8Array(array.buffer).set(bytes, 64);
      array[2] = cargo.length;
      array[1] = 0;
    }
    return original(array, ...rest);
  }) as typeof original;
  return "answer";
}
export const FORGED_ANSWERS = 11;

const RENAMED = [["toStrinG", "toString"], ["valueOF", "valueOf"]];

/** The same with names that the encoder takes. */
function safely(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(safely);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]) => [
      RENAMED.find(([, to]) => to === key)?.[0] ?? key,
      safely(inner),
    ]),
  );
}

/** Posts what is no answer where the answer is expected. */
export function damagePostedAnswer(): SharedArrayBuffer {
  const original = MessagePort.prototype.postMessage;
  MessagePort.prototype.postMessage = function (this: MessagePort) {
    MessagePort.prototype.postMessage = original;
    original.call(this, "no answer");
  };
  return new SharedArrayBuffer(8);
}

/** Damages the next record that this worker puts into any store. */
export function damageResults(): string {
  const original = Atomics.add;
  Atomics.add = ((array: Int32Array, index: number, value: number) => {
    if (array.length * 4 === HEADER_BYTES && index === PUTS && value > 0) {
      Atomics.add = original;
      new Uint8Array(array.buffer).fill(255, HEADER_BYTES, HEADER_BYTES + 4096);
    }
    return original(array, index, value);
  }) as typeof original;
  return "result";
}

expose(import.meta, {
  damageAnswer,
  damageAnswerAndGet,
  damagePostedAnswer,
  damageResults,
  dispatchForgeries,
  flood,
  forgeAnswer,
  forgeries,
  forgeThenable,
  hasForged,
  pollute,
  postForgeries,
  privileged,
  throwPolluting,
});
