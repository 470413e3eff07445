// Copyright 2026 the lab9 authors. MIT license.

/**
 * What every contender's program on Deno has in common: how bursts are clocked
 * and how results are checked.
 *
 * @module
 */

import { RECORD_SEPARATOR } from "../labs/notebook/timeline.ts";
import {
  DEFAULTS,
  type Outcome,
  type Sample,
  type Settings,
} from "./protocol.ts";
import {
  affine,
  type Chunk,
  itemMaker,
  TAYLOR_EXP,
  weigherOf,
  weightOf,
} from "./work.ts";

/** What a contender can be asked to do. */
export type Role = (settings: Settings) => Promise<Sample>;

/** A result that isn't what it must be. */
class WrongResult extends Error {}

/** Has {@linkcode tinyTask} keep a worker busy, so that another gets the next. */
export const WARMING = -50;

/** Has every worker do two tasks: one wave when it starts, one when it runs. */
export async function warm(
  workers: number,
  run: () => PromiseLike<unknown>,
): Promise<void> {
  for (let wave = 0; wave < 2; wave++) {
    await Promise.all(Array.from({ length: workers }, run));
  }
}

/** A contender that runs tasks in workers. */
export interface TaskPool {
  /** Calls {@linkcode tinyTask} in a worker. */
  run(x: number): PromiseLike<number>;
  /** Calls {@linkcode affineChunk} in a worker. */
  runChunk(chunk: Chunk): PromiseLike<Chunk>;
  /** Calls {@linkcode echo} in a worker. */
  echo?(value: unknown): PromiseLike<unknown>;
}

/** A contender that moves items from thread to thread. */
export interface Channel {
  /** Moves so many items. Returns how long it took by the threads' clocks. */
  burst(count: number): Promise<{ seconds: number; weight: number }>;
}

/**
 * Does what the command line asks for, answers, and ends the process.
 *
 * @param roles What the contender can do.
 */
export async function contend(roles: Record<string, Role>): Promise<never> {
  const [role, settings] = Deno.args;
  let outcome: Outcome;
  try {
    outcome = await roles[role]({ ...DEFAULTS, ...JSON.parse(settings) });
  } catch (error) {
    outcome = {
      failure: error instanceof WrongResult ? "wrong result" : "error",
      message: String(error),
    };
  }
  console.log(RECORD_SEPARATOR + JSON.stringify(outcome));
  // Workers and their libraries' timers would go on.
  Deno.exit(0);
}

/** For how long bursts go on before steady ones are clocked. */
const WARM_UP_MS = 1000;

/**
 * Clocks a burst after another: the first, and steady ones once code is compiled
 * and heaps have grown.
 *
 * @param bursts How many steady ones.
 * @param burst Does one, and may tell how many seconds it took.
 */
export async function clock(
  bursts: number,
  burst: () => Promise<number | void> | number | void,
): Promise<Sample> {
  const clockOne = async () => {
    const start = performance.now();
    const told = await burst();
    return told ?? (performance.now() - start) / 1000;
  };
  const begin = performance.now();
  const first = await clockOne();
  while (performance.now() - begin < WARM_UP_MS) await burst();
  const steady: number[] = [];
  for (let i = 0; i < bursts; i++) steady.push(await clockOne());
  return { first, steady };
}

/** Fails unless the result is what it must be. */
export function check(what: string, actual: number, expected: number): void {
  if (actual === expected) return;
  throw new WrongResult(`${what} is ${actual} and must be ${expected}`);
}

/** The role of moving items. */
export function queueRole(
  open: (settings: Settings) => Channel | Promise<Channel>,
): Role {
  return async (settings) => {
    const { kind, size, count, producers, consumers } = settings;
    const channel = await open(settings);
    // Both ends are there before the clock is.
    await channel.burst(producers * consumers);
    const weight = weightOf(kind, size, count, producers);
    return await clock(settings.bursts, async () => {
      const result = await channel.burst(count);
      check("What the items weigh together", result.weight, weight);
      return result.seconds;
    });
  };
}

/** The roles of a pool. */
export function poolRoles(
  open: (workers: number) => TaskPool | Promise<TaskPool>,
): Record<string, Role> {
  const openWarm = async (workers: number) => {
    const pool = await open(workers);
    await warm(workers, () => pool.run(WARMING));
    await warm(workers, () => pool.runChunk(new Float64Array(1)));
    return pool;
  };
  return {
    apply: async ({ workers, count, bursts }) => {
      const pool = await openWarm(workers);
      return await clock(bursts, async () => {
        const start = performance.now();
        const tasks = Array.from({ length: count }, (_, i) => pool.run(i));
        const results = await Promise.all(tasks);
        const seconds = (performance.now() - start) / 1000;
        results.forEach((result, i) => check(`Result ${i}`, result, i + 1));
        return seconds;
      });
    },
    echo: async ({ workers, count, bursts, kind, size }) => {
      const pool = await openWarm(workers);
      const make = itemMaker(kind, size);
      const weigh = weigherOf(kind);
      const weight = weightOf(kind, size, count, 1);
      return await clock(bursts, async () => {
        const items = Array.from({ length: count }, (_, i) => make(i));
        const start = performance.now();
        const results = await Promise.all(
          items.map((item) => pool.echo!(item)),
        );
        const seconds = (performance.now() - start) / 1000;
        const sum = results.reduce<number>((sum, item) => sum + weigh(item), 0);
        check("What the results weigh together", sum, weight);
        return seconds;
      });
    },
    map: async ({ workers, count, bursts, chunkSize }) => {
      const pool = await openWarm(workers);
      // By hand: as many chunks as Python's default makes.
      const size = chunkSize || Math.ceil(count / (4 * workers));
      return await clockMap(bursts, count, async (items) => {
        const chunks = [];
        for (let i = 0; i < items.length; i += size) {
          chunks.push(
            pool.runChunk(new Float64Array(items.slice(i, i + size))),
          );
        }
        const results: number[] = new Array(items.length);
        let at = 0;
        for (const chunk of await Promise.all(chunks)) {
          for (let i = 0; i < chunk.length; i++) results[at++] = chunk[i];
        }
        return results;
      });
    },
  };
}

/** Clocks a map of {@linkcode affine} from an array to an array. */
export function clockMap(
  bursts: number,
  count: number,
  map: (items: number[]) => Promise<number[]> | number[],
): Promise<Sample> {
  const items = Array.from({ length: count }, (_, i) => i);
  return clock(bursts, async () => {
    const start = performance.now();
    const results = await map(items);
    const seconds = (performance.now() - start) / 1000;
    check("The number of results", results.length, count);
    results.forEach((result, i) => check(`Result ${i}`, result, affine(i)));
    return seconds;
  });
}

/** Clocks e^x of the numbers from 0 to 9, over and over. */
export function clockExp(
  bursts: number,
  count: number,
  map: (items: number[]) => Promise<number[]> | number[],
): Promise<Sample> {
  const items = Array.from({ length: count }, (_, i) => i % 10);
  return clock(bursts, async () => {
    const start = performance.now();
    const results = await map(items);
    const seconds = (performance.now() - start) / 1000;
    check("The number of results", results.length, count);
    results.forEach((result, i) =>
      check(`e^${i % 10}`, result, TAYLOR_EXP[i % 10])
    );
    return seconds;
  });
}
