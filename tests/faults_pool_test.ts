import { assert, assertEquals } from "@std/assert";
import { deadline } from "@std/async";
import { activeCount, Pool, WorkerLostError } from "../mod.ts";
import { threadTest } from "./_threads.ts";
import {
  deaths,
  type Fault,
  faults,
  misbehave,
  sleepFor,
} from "./testdata/faults.ts";
import { Random, withSeed } from "./testdata/shared_random.ts";

/** What has not settled after so many milliseconds never will. */
const PATIENCE = 60_000;

type Task = [how: Fault, n: number];

function makeTasks(
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
function check([how, n]: Task, result: PromiseSettledResult<unknown>): void {
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
async function run(
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
  return await Array.fromAsync(pool.istarmap(misbehave, tasks, options));
}

threadTest(
  "Pool: 6,000 tasks that throw anything are each answered once",
  async () => {
    await withSeed(async (seed) => {
      const random = new Random(seed);
      await using pool = new Pool(2);
      for (const chunkSize of [0, 1, 7]) {
        const tasks = makeTasks(random, 2000, faults, 0.7);
        const results = await deadline(run(pool, tasks, chunkSize), PATIENCE);
        assertEquals(results.length, tasks.length);
        tasks.forEach((task, i) => check(task, results[i]));
      }
    });
  },
);

threadTest(
  "Pool: workers die under load, and take only their own task",
  async () => {
    await withSeed(async (seed) => {
      const random = new Random(seed);
      const pool = new Pool(2);
      for (const chunkSize of [0, 1]) {
        const kinds = [...deaths, ...faults];
        const tasks = makeTasks(random, 600, kinds, 0.15);
        const dead = tasks.filter(([how]) => deaths.includes(how as never));
        assert(dead.length > 10);
        const results = await deadline(run(pool, tasks, chunkSize), PATIENCE);
        assertEquals(results.length, tasks.length);
        tasks.forEach((task, i) => check(task, results[i]));
      }
      pool.close();
      await deadline(pool.join(), PATIENCE);
      assertEquals(activeCount(), 1);
    });
  },
);

threadTest(
  "Pool: calls are called off, left and timed out under load",
  async () => {
    await withSeed(async (seed) => {
      const random = new Random(seed);
      const pool = new Pool(2);
      const work = async (i: number): Promise<void> => {
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
      };
      for (let round = 0; round < 15; round++) {
        const calls = [0, 1, 2, 3].map((k) => work(round * 4 + k));
        await deadline(Promise.all(calls), PATIENCE);
        const alive = await pool.map(sleepFor, [0, 0], { timeout: 60 });
        assertEquals(alive, [0, 0]);
      }
      pool.close();
      await deadline(pool.join(), PATIENCE);
      assertEquals(activeCount(), 1);
    });
  },
);
