// What threads and tasks leave behind: errors that nobody awaits, and waits.

import { expose, type Queue, sleep, sleepSync } from "../../mod.ts";

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

/** Leaves a get behind, says so in a word, and computes until the next one is set. */
export function leaveGetAndSpin(
  queue: Queue<number>,
  words: Int32Array,
): void {
  queue.get().catch(() => {});
  Atomics.store(words, 0, 1);
  while (Atomics.load(words, 1) === 0) Atomics.pause();
}

/** Leaves a get behind, and closes its worker. */
export async function leaveGetAndClose(queue: Queue<number>): Promise<void> {
  queue.get().catch(() => {});
  await sleep(0);
  self.close();
}

/** Leaves a get behind, and is ended on the spot: it calls the library again. */
export async function leaveGetAndGoOn(queue: Queue<number>): Promise<void> {
  queue.get().catch(() => {});
  await sleep(0);
  for (;;) {
    try {
      sleepSync(3600);
    } catch {
      // It is told to end.
    }
  }
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
  leaveGetAndClose,
  leaveGetAndGoOn,
  leaveGetAndSpin,
  shared,
  strayShared,
  threadId,
});
