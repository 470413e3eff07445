// A program that replaces every global that the library uses, and goes on.

import {
  Barrier,
  cpuCount,
  Empty,
  expose,
  Lock,
  Pool,
  Queue,
  sleep,
  sleepSync,
  Thread,
  transfer,
} from "../../mod.ts";

/** What polyfills, fake timers and made-up browsers may put in place. */
function replace(): void {
  const useless = () => {
    throw new Error("replaced");
  };
  performance.now = () => 5;
  const replacements: Record<string, unknown> = {
    process: { env: {} },
    navigator: {},
    crypto: {},
    performance: { now: () => 5 },
    Promise: class {
      constructor() {
        useless();
      }
    },
  };
  const functions = [
    "setTimeout",
    "clearTimeout",
    "setInterval",
    "queueMicrotask",
    "structuredClone",
    "MessageChannel",
    "MessagePort",
    "Worker",
    "AbortSignal",
    "AbortController",
    "addEventListener",
    "removeEventListener",
  ];
  for (const name of functions) replacements[name] = useless;
  for (const [name, value] of Object.entries(replacements)) {
    Object.defineProperty(globalThis, name, { value, configurable: true });
  }
}

/** Replaces them here, too, and waits in some ways. */
export function replaceAndWait(queue: Queue<string>): Uint8Array {
  replace();
  sleepSync(0.01);
  try {
    queue.getSync({ timeout: 0.01 });
  } catch (error) {
    queue.putSync(`${error instanceof Empty}`);
  }
  const bytes = new Uint8Array(4);
  return transfer(bytes, [bytes.buffer]);
}

export async function replaceAndAwait(queue: Queue<string>): Promise<string> {
  replace();
  await sleep(0.01);
  return await queue.get({ timeout: 10 });
}

export function negate(x: number): number {
  return -x;
}

expose(import.meta, { negate, replaceAndAwait, replaceAndWait });

if (import.meta.main) {
  const { signal } = new AbortController();
  const cpus = navigator.hardwareConcurrency;
  replace();
  const queue = new Queue<string>();
  const lock = new Lock();
  const barrier = new Barrier(1);
  await sleep(0.01, { signal });
  const pool = new Pool(2);
  console.log((await pool.apply(replaceAndWait, [queue])).length);
  console.log(await pool.apply(replaceAndAwait, [queue]));
  console.log(await pool.map(negate, [1, 2], { signal }));
  // A queue of its own: it may still take an item until its grace is over.
  const endless = pool.apply(replaceAndAwait, [new Queue<string>()], {
    timeout: 0.1,
  });
  console.log(await endless.catch((error) => error.name));
  const thread = new Thread(replaceAndWait, { args: [queue] });
  thread.start();
  console.log((await thread.join(10)).length, await queue.get());
  const empty = queue.get({ timeout: 0.01 }).catch((error) => error.name);
  console.log(await empty, await barrier.wait({ timeout: 1 }));
  {
    using _held = await lock.acquire({ timeout: 1 });
  }
  console.log(cpuCount() === cpus);
  await pool.terminate();
}
