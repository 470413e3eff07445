// Copyright 2026 the lab9 authors. MIT license.

/**
 * multithreading. Its functions travel as text and can't refer to anything, so
 * the work is written out again. Its channel is bounded: of the capacities from
 * 32, its default, to 1,024, the most that its memory has room for, the last was
 * fastest. A function must have reached every worker before it is spawned many
 * times at once, or it is "not found in worker registry".
 *
 * @module
 */

import { channel, initRuntime, move, type Result, spawn } from "multithreading";
import { contend, poolRoles, queueRole } from "../contend.ts";
import type { Chunk } from "../work.ts";

const CAPACITY = 1024;

function valueOf<T>(result: Result<T, Error>): T {
  if (!result.ok) throw result.error;
  return result.value;
}

await contend({
  queue: queueRole(({ producers, consumers }) => {
    initRuntime({ maxWorkers: producers + consumers });
    return { burst };
  }),
  ...poolRoles((workers) => {
    initRuntime({ maxWorkers: workers });
    return {
      run: async (x) =>
        valueOf(
          await spawn(move(x), (x: number): number => {
            if (x < 0) {
              const end = performance.now() - x;
              while (performance.now() < end);
            }
            return x + 1;
          }).join(),
        ),
      // It moves what is passed, but clones what is returned.
      runChunk: async (chunk) =>
        valueOf(
          await spawn(
            move(chunk),
            (chunk: Chunk) => chunk.map((x) => x * 3 + 1),
          ).join(),
        ),
    };
  }),
});

/** Numbers only: its channels carry JSON. */
async function burst(
  count: number,
): Promise<{ seconds: number; weight: number }> {
  const [sender, receiver] = channel<number>(CAPACITY);
  const consumer = spawn(
    move(receiver, count),
    (receiver, count: number): [end: number, weight: number] => {
      let weight = 0;
      for (let i = 0; i < count; i++) {
        const result = receiver.blockingRecv();
        if (!result.ok) throw result.error;
        weight += result.value;
      }
      return [(performance.timeOrigin + performance.now()) / 1000, weight];
    },
  );
  const producer = spawn(move(sender, count), (sender, count: number) => {
    const start = (performance.timeOrigin + performance.now()) / 1000;
    for (let i = 0; i < count; i++) {
      const result = sender.blockingSend(i);
      if (!result.ok) throw result.error;
    }
    return start;
  });
  const start = valueOf(await producer.join());
  const [end, weight] = valueOf(await consumer.join());
  return { seconds: end - start, weight };
}
