// What threads and tasks leave behind: errors that nobody awaits, and waits.

import { expose, type Queue, sleep } from "../../mod.ts";

/** Ways to throw without a caller, a turn of the event loop later. */
export const ways: Record<string, (error: unknown) => void> = {
  "a timer": (error) => {
    setTimeout(() => {
      throw error;
    });
  },
  "a promise": (error) => {
    Promise.reject(error);
  },
  "a microtask": (error) => {
    queueMicrotask(() => {
      throw error;
    });
  },
  "a port's handler": (error) => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => {
      port1.close();
      throw error;
    };
    port2.postMessage(1);
  },
  "a listener": (error) => {
    const target = new EventTarget();
    target.addEventListener("event", () => {
      throw error;
    });
    target.dispatchEvent(new Event("event"));
  },
  "an async function": (error) => {
    (async () => {
      await sleep(0.001);
      throw error;
    })();
  },
};

/** Throws in one of the ways, and waits for what never comes. */
export function stray(way: string, error: unknown): Promise<never> {
  ways[way](error);
  return new Promise(() => {});
}

/** Throws in one of the ways, and waits in the library; it may catch that. */
export async function strayWhileAsleep(
  way: string,
  error: unknown,
  catches: boolean,
): Promise<string> {
  ways[way](error);
  try {
    await sleep(3600);
  } catch (error) {
    if (!catches) throw error;
  }
  return "woken";
}

/** Throws in one of the ways once it has returned. */
export function strayLater(way: string, error: unknown): string {
  setTimeout(() => ways[way](error));
  return "returned";
}

/** Leaves a get behind that has not got anything. */
export async function leaveGet(queue: Queue<number>): Promise<string> {
  queue.get().catch(() => {});
  await sleep(0);
  return "left";
}

/** Leaves a get behind, and computes for so long. */
export function leaveGetAndSpin(
  queue: Queue<number>,
  begun: Int32Array,
  ms: number,
): void {
  queue.get().catch(() => {});
  Atomics.store(begun, 0, 1);
  Atomics.notify(begun, 0);
  const end = performance.now() + ms;
  while (performance.now() < end);
}

/** Memory that has to go by message. */
export function shared(length: number): SharedArrayBuffer {
  return new SharedArrayBuffer(length);
}

/** Throws memory that has to go by message, in a timer. */
export function strayShared(length: number): Promise<never> {
  const error = Object.assign(new RangeError("shared"), {
    shared: new SharedArrayBuffer(length),
  });
  return stray("a timer", error);
}

export function threadId<T>(value: T): T {
  return value;
}

expose(import.meta, {
  stray,
  strayLater,
  strayWhileAsleep,
  leaveGet,
  leaveGetAndSpin,
  shared,
  strayShared,
  threadId,
});
