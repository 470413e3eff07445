// Copyright 2026 the lab9 authors. MIT license.

/**
 * Plain workers and `postMessage`: the platform's floor, with no more around it
 * than the promises of the results.
 *
 * @module
 */

import {
  type Channel,
  clock,
  contend,
  poolRoles,
  queueRole,
  type TaskPool,
} from "../contend.ts";
import type { Settings } from "../protocol.ts";
import { now } from "../work.ts";

function open(path: string): Worker {
  return new Worker(import.meta.resolve(path), { type: "module" });
}

function messageOf<T>(worker: Worker): Promise<T> {
  return new Promise((resolve, reject) => {
    worker.onmessage = ({ data }) => resolve(data);
    worker.onerror = ({ message }) => reject(new Error(message));
  });
}

function openChannel({ kind, size }: Settings): Channel {
  const { port1, port2 } = new MessageChannel();
  const producer = open("./workers/post_message_queue.ts");
  const consumer = open("./workers/post_message_queue.ts");
  producer.postMessage({ role: "produce", port: port1, kind, size }, [port1]);
  consumer.postMessage({ role: "consume", port: port2, kind }, [port2]);
  return {
    burst: async (count) => {
      const ready = messageOf(consumer);
      consumer.postMessage(count);
      await ready;
      const ends = messageOf<[number, number]>(consumer);
      const starts = messageOf<number>(producer);
      producer.postMessage(count);
      const start = await starts;
      const [end, weight] = await ends;
      return { seconds: end - start, weight };
    },
  };
}

function openPool(count: number): TaskPool {
  // deno-lint-ignore no-explicit-any
  const pending = new Map<number, (result: any) => void>();
  let next = 0;
  const workers = Array.from({ length: count }, () => {
    const worker = open("./workers/post_message.ts");
    worker.onmessage = ({ data: [id, result] }) => {
      pending.get(id)!(result);
      pending.delete(id);
    };
    return worker;
  });
  const send = <T>(x: unknown, transfer: Transferable[]) =>
    new Promise<T>((resolve) => {
      const id = next++;
      pending.set(id, resolve);
      workers[id % count].postMessage([id, x], transfer);
    });
  return {
    run: (x) => send(x, []),
    runChunk: (chunk) => send(chunk, [chunk.buffer]),
    echo: (value) => send(value, []),
  };
}

await contend({
  queue: queueRole(openChannel),
  ...poolRoles(openPool),
  poolStart: async ({ workers }) => {
    const start = now();
    const started = Array.from(
      { length: workers },
      () => messageOf<number>(open("./workers/clock.ts")),
    );
    await Promise.all(started);
    return { steady: [now() - start] };
  },
  threadStart: ({ bursts }) =>
    clock(bursts, async () => {
      const start = now();
      const worker = open("./workers/clock.ts");
      const seconds = await messageOf<number>(worker) - start;
      worker.terminate();
      return seconds;
    }),
});
