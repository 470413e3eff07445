// Tasks of pools that fail in every way, and how each must end.

import { assert, assertEquals } from "@std/assert";
import { type Pool, WorkerLostError } from "../../mod.ts";
import { deaths, type Fault, misbehave, sleepFor } from "./faults.ts";
import type { Random } from "./shared_random.ts";

export type Task = [how: Fault, n: number];

export function makeTasks(
  random: Random,
  count: number,
  kinds: readonly Fault[],
  share: number,
): Task[] {
  return Array.from({ length: count }, (_, n) => [
    random.below(1000) < share * 1000 ? random.pick([...kinds]) : "none",
    n,
  ]);
}

/** Whether a task ended as its kind must. */
export function checkOutcome(
  [how, n]: Task,
  result: PromiseSettledResult<unknown>,
): void {
  const what = `${how} ${n}: ${Deno.inspect(result)}`;
  if (how === "none") {
    return assertEquals(result, { status: "fulfilled", value: n });
  }
  assert(result.status === "rejected", what);
  const { reason } = result;
  if (deaths.includes(how as never)) {
    return assert(reason instanceof WorkerLostError, what);
  }
  switch (how) {
    case "error":
      assert(reason instanceof RangeError, what);
      return assertEquals(reason.message, `bad ${n}`);
    case "subclass":
      assert(reason instanceof TypeError, what);
      return assertEquals(
        [reason.name, reason.message, Reflect.get(reason, "detail")],
        ["PrivateError", `private ${n}`, n],
      );
    case "nothing":
      return assertEquals(reason, undefined);
    case "string":
      return assertEquals(reason, `text ${n}`);
    case "uncloneable":
      return assertEquals(reason.message, `holds ${n}`);
    case "asyncError":
      assert(reason instanceof SyntaxError, what);
      return assertEquals(reason.message, `late ${n}`);
    case "unsendable":
      return assert(reason instanceof TypeError, what);
  }
}

/** Runs tasks by one of the pool's methods; each of them has one outcome. */
export async function runTasks(
  pool: Pool,
  tasks: Task[],
  chunkSize: number,
): Promise<PromiseSettledResult<unknown>[]> {
  if (chunkSize === 0) {
    return await Promise.allSettled(
      tasks.map((task) => pool.apply(misbehave, task)),
    );
  }
  const options = { chunkSize, settled: true } as const;
  return await Array.fromAsync(pool.starmapOrdered(misbehave, tasks, options));
}

/** Calls a pool off in one way or another, and checks how the call ended. */
export async function callOff(
  pool: Pool,
  random: Random,
  i: number,
): Promise<void> {
  switch (random.below(4)) {
    case 0: {
      const controller = new AbortController();
      const { signal } = controller;
      const call = pool.apply(sleepFor, [3600], { signal });
      setTimeout(() => controller.abort(i), random.below(10));
      return assertEquals(await call.catch((reason) => reason), i);
    }
    case 1: {
      const timeout = random.below(10) / 1000;
      const call = pool.map(sleepFor, [3600, 3600], { timeout });
      const { name } = await call.catch((error) => error);
      return assertEquals(name, "TimeoutError");
    }
    case 2: {
      for await (const n of pool.imap(sleepFor, [0, 0, 0, 3600])) {
        assertEquals(n, 0);
        break;
      }
      return;
    }
    case 3: {
      const onProgress = () => {
        throw new Error(`progress ${i}`);
      };
      const call = pool.map(sleepFor, [0, 0, 0], { onProgress });
      const { message } = await call.catch((error) => error);
      return assertEquals(message, `progress ${i}`);
    }
  }
}
