// Copyright 2026 the lab9 authors. MIT license.

/**
 * A lab of our own: past one machine. The notebook's e^x of many numbers, by a
 * pool whose workers are in two other processes, as they could be on two other
 * machines. What they have in common is a Redis or a PostgreSQL. Without a URL the
 * lab starts a Redis of its own.
 *
 *     deno task lab:cluster
 *     deno task lab:cluster redis://127.0.0.1
 */

import { assertEquals } from "@std/assert";
import { ClusterPool } from "@lab9/concurrency/cluster";
import type { Timeline } from "../notebook/timeline.ts";
import { FlagError } from "../notebook/flags.ts";
import { seededIntegers } from "../notebook/python/mod.ts";
import { taylorExp } from "../pool.ts";
import { drawGantt } from "../runner/draw/gantt.ts";
import { startHost } from "./host.ts";
import { startRedis } from "./redis.ts";
import { type Timed, timedExp } from "./taylor.ts";

const HOSTS = 2;
const NUMBERS = 400;
const NAME = "lab-cluster";

const HELP = `A pool over two other processes: a lab of our own.

Usage: deno task lab:cluster [URL]

  URL     The URL of a Redis or a PostgreSQL: redis://…, rediss://… or postgres://…
          (default: a Redis that the lab starts)
  --help  This text`;

/** The URL that the command line names, if it names one. */
function readUrl(args: string[]): string | undefined {
  const flag = args.find((arg) => arg.startsWith("-"));
  if (flag !== undefined) {
    throw new FlagError(
      `Unknown flag '${flag}': this lab has no cells, and no flag but --help`,
    );
  }
  if (args.length <= 1) return args[0];
  throw new FlagError(`Unknown argument '${args[1]}': name one URL`);
}

async function run(url: string): Promise<void> {
  await using hosts = new AsyncDisposableStack();
  // First of all: it checks the URL.
  await using pool = await ClusterPool.connect(url, { name: NAME });
  const data = seededIntegers(9, 0, 10, NUMBERS);

  let start = performance.now();
  const expected = data.map((x) => taylorExp(x));
  const alone = (performance.now() - start) / 1000;
  console.log(`In a loop: ${alone.toFixed(2)} seconds`);

  for (let i = 0; i < HOSTS; i++) hosts.use(await startHost(url, NAME));
  await pool.ready();
  console.log(`${HOSTS} hosts with ${pool.workers} workers have joined`);

  start = performance.now();
  const timed = await pool.map(timedExp, data);
  const together = (performance.now() - start) / 1000;
  assertEquals(timed.map(({ value }) => value), expected);
  console.log(
    `By the cluster: ${together.toFixed(2)} seconds, the same numbers`,
  );
  console.log();
  console.log(drawGantt(timelineOf(timed), { width: widthOfTerminal() }));
}

/** What each worker of each host did, on one axis of time. */
function timelineOf(timed: Timed[]): Timeline {
  const begin = Math.min(...timed.map(({ start }) => start));
  const names = [...new Set(timed.map(nameOf))].sort();
  const hosts = [...new Set(timed.map(({ host }) => host))].sort();
  const threads = names.map((name, ident) => ({ ident, name }));
  const labels = (name: string) =>
    hosts.reduce(
      (text, host, i) => text.replace(String(host), `host ${i + 1}`),
      name,
    );
  return {
    cell: "cluster",
    title: "e^x on two hosts",
    duration: Math.max(...timed.map(({ end }) => end)) - begin,
    threads: threads.map(({ ident, name }) => ({ ident, name: labels(name) })),
    spans: timed.map((one) => ({
      thread: names.indexOf(nameOf(one)),
      state: "task",
      start: one.start - begin,
      end: one.end - begin,
    })),
    flows: [],
    depths: [],
  };
}

function nameOf({ host, thread }: Timed): string {
  return `${host} ${thread}`;
}

function widthOfTerminal(): number {
  return Deno.stdout.isTerminal() ? Deno.consoleSize().columns : 80;
}

async function main(args: string[]): Promise<void> {
  if (args.includes("--help") || args.includes("-h")) return console.log(HELP);
  const url = readUrl(args);
  if (url !== undefined) return await run(url);
  await using redis = await startRedis();
  await run(redis.url);
}

if (import.meta.main) {
  try {
    await main(Deno.args);
  } catch (error) {
    const isUsage = error instanceof FlagError;
    const message = Error.isError(error) ? error.message : String(error);
    console.error(isUsage ? message : `error: ${message}`);
    Deno.exitCode = isUsage ? 2 : 1;
  }
}
