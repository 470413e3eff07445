import { assert, assertEquals } from "@std/assert";
import { deadline } from "@std/async";
import { activeCount, Pool } from "../../mod.ts";
import { threadTest } from "../support/threads.ts";
import { deaths, faults, sleepFor } from "../support/faults.ts";
import {
  callOff,
  checkOutcome,
  makeTasks,
  runTasks,
} from "../support/pool_rounds.ts";
import { Random, withSeed } from "../support/shared_random.ts";

/** What has not settled after so many milliseconds never will. */
const PATIENCE = 60_000;

threadTest(
  "Pool: 6,000 tasks that throw anything are each answered once",
  async () => {
    await withSeed(async (seed) => {
      const random = new Random(seed);
      await using pool = new Pool(2);
      for (const chunkSize of [0, 1, 7]) {
        const tasks = makeTasks(random, 2000, faults, 0.7);
        const results = await deadline(
          runTasks(pool, tasks, chunkSize),
          PATIENCE,
        );
        assertEquals(results.length, tasks.length);
        tasks.forEach((task, i) => checkOutcome(task, results[i]));
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
        const results = await deadline(
          runTasks(pool, tasks, chunkSize),
          PATIENCE,
        );
        assertEquals(results.length, tasks.length);
        tasks.forEach((task, i) => checkOutcome(task, results[i]));
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
      for (let round = 0; round < 15; round++) {
        const calls = [0, 1, 2, 3].map((k) =>
          callOff(pool, random, round * 4 + k)
        );
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
