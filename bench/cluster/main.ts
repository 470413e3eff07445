// Copyright 2026 the lab9 authors. MIT license.

/**
 * What it costs to leave the machine:
 *
 *     deno task bench cluster [--postgres URL] [--chunks N]
 *
 *  - How long a chunk takes that hardly computes, over each store, and by a local
 *    pool. All have two workers, and as many chunks in flight as the pool sends.
 *    A median of {@linkcode ROUNDS} bursts, after one that isn't counted.
 *  - From which chunk on two hosts of one worker each beat one.
 *  - What a store does for a chunk, from Redis' own statistics, and what follows
 *    for 100 and 1,000 hosts, on paper.
 *  - Celery on the same Redis with two processes, if `python3-celery` and
 *    `python3-redis` are installed: the same calls, a task each, in the same run.
 *
 * A Redis is started on a free port. A PostgreSQL has to be named.
 *
 * @module
 */

import { parseArgs } from "@std/cli/parse-args";
import { type AnyPool, Pool } from "@lab9/concurrency";
import { ClusterPool } from "../../lib/cluster.ts";
import { startRedis } from "../../labs/cluster/redis.ts";
import { clockCelery } from "./celery.ts";
import { startHosts } from "./hosts.ts";
import { redisCommands } from "./redis_commands.ts";
import { increment, spin } from "./work.ts";

const ROUNDS = 5;
/** How long a chunk computes, in milliseconds. */
const CHUNKS_MS = [0.3, 1, 3, 10, 30];
/** What is assumed of a large cluster, on paper. */
const WORKERS_PER_HOST = 16;
/** What a host and a pool ask without any chunk: see `registry.ts`. */
const BEATS_A_SECOND = 0.5;
const COMMANDS_A_BEAT = 4;

function median(values: number[]): number {
  return values.sort((a, b) => a - b)[values.length >> 1];
}

/** Milliseconds a chunk, of so many that hardly compute. */
async function overhead(pool: AnyPool, chunks: number): Promise<number> {
  const items = Array.from({ length: chunks }, (_, i) => i);
  const times: number[] = [];
  for (let round = 0; round <= ROUNDS; round++) {
    const start = performance.now();
    const results = await pool.map(increment, items, { chunkSize: 1 });
    if (round > 0) times.push((performance.now() - start) / chunks);
    if (results.some((x, i) => x !== i + 1)) throw new Error("Wrong results");
  }
  return median(times);
}

/** Seconds for chunks that compute so long, two seconds' worth in all. */
async function clockSpin(pool: AnyPool, milliseconds: number): Promise<number> {
  const count = Math.min(1000, Math.ceil(2000 / milliseconds));
  const items = Array.from({ length: count }, () => milliseconds);
  const start = performance.now();
  await pool.map(spin, items, { chunkSize: 1 });
  return (performance.now() - start) / 1000;
}

async function overOne(
  url: string,
  hosts: number[],
  run: (pool: AnyPool) => Promise<void>,
): Promise<void> {
  const name = "bench";
  await using stack = new AsyncDisposableStack();
  for (const host of await startHosts(url, name, hosts)) stack.use(host);
  const pool = stack.use(await ClusterPool.connect(url, { name }));
  await pool.ready();
  await run(pool);
}

async function main(): Promise<void> {
  const { chunks: text, postgres } = parseArgs(Deno.args, {
    string: ["postgres", "chunks"],
    default: { chunks: "1000" },
  });
  const chunks = Number(text);
  await using redis = await startRedis();
  console.log(`Load before: ${Deno.loadavg()[0].toFixed(1)}\n`);

  console.log("A chunk that hardly computes, two workers:");
  const say = (name: string, milliseconds: number) =>
    console.log(
      `  ${name.padEnd(24)} ${milliseconds.toFixed(3)} ms a chunk, ` +
        `${(1000 / milliseconds).toFixed(0)} a second`,
    );
  {
    await using pool = new Pool(2);
    say("Pool, in this process", await overhead(pool, chunks));
  }
  let perChunk = { commands: 0, microseconds: 0 };
  let ours = 0;
  await overOne(redis.url, [2], async (pool) => {
    await overhead(pool, 100);
    const before = await redisCommands(redis.url);
    ours = await overhead(pool, chunks);
    const after = await redisCommands(redis.url);
    const count = chunks * (ROUNDS + 1);
    perChunk = {
      commands: (after.calls - before.calls) / count,
      microseconds: (after.microseconds - before.microseconds) / count,
    };
  });
  say("ClusterPool, Redis", ours);
  if (postgres !== undefined) {
    await overOne(
      postgres,
      [2],
      async (pool) =>
        say("ClusterPool, PostgreSQL", await overhead(pool, chunks)),
    );
  }
  const celery = await clockCelery(`${redis.url}/1`, chunks);
  if (celery === undefined) {
    console.log("  Celery                   not installed");
  } else {
    say("Celery, Redis", celery);
    console.log(
      `  ClusterPool is ${(celery / ours).toFixed(1)} times as fast as Celery`,
    );
  }

  console.log("\nTwo hosts against one, a worker each, over Redis:");
  const times: number[][] = [];
  for (const hosts of [[1], [1, 1]]) {
    await overOne(redis.url, hosts, async (pool) => {
      await clockSpin(pool, 1);
      const column: number[] = [];
      for (const ms of CHUNKS_MS) column.push(await clockSpin(pool, ms));
      times.push(column);
    });
  }
  for (const [i, ms] of CHUNKS_MS.entries()) {
    const [one, two] = [times[0][i], times[1][i]];
    console.log(
      `  chunks of ${String(ms).padStart(4)} ms: ${one.toFixed(2)} s, ` +
        `${two.toFixed(2)} s, ${(one / two).toFixed(2)} times as fast`,
    );
  }

  tellCapacity(perChunk);
}

function tellCapacity(
  { commands, microseconds }: { commands: number; microseconds: number },
): void {
  const most = 1e6 / microseconds;
  console.log(
    `\nOn paper: Redis does ${commands.toFixed(1)} commands a chunk in ` +
      `${microseconds.toFixed(0)} µs of its one thread: at most ` +
      `${most.toFixed(0)} chunks a second.`,
  );
  for (const hosts of [100, 1000]) {
    const workers = hosts * WORKERS_PER_HOST;
    const beats = hosts * BEATS_A_SECOND * COMMANDS_A_BEAT;
    console.log(
      `  ${hosts} hosts of ${WORKERS_PER_HOST} workers are kept busy by chunks ` +
        `of ${
          (workers / most * 1000).toFixed(0)
        } ms or more; to be there they ` +
        `ask ${beats.toFixed(0)} times a second.`,
    );
  }
}

await main();
