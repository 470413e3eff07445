// Copyright 2026 the lab9 authors. MIT license.

import { assertEquals } from "@std/assert";
import { ClusterPool } from "@lab9/concurrency/cluster";
import type { Timeline } from "../notebook/timeline.ts";
import { seededIntegers } from "../notebook/python/mod.ts";
import { taylorExp } from "../pool.ts";
import { drawGantt } from "../runner/draw/gantt.ts";
import { startHost } from "./host.ts";
import { type Timed, timedExp } from "./taylor.ts";

const HOSTS = 2;
const NUMBERS = 400;
const NAME = "lab-cluster";

/**
 * Runs the lab.
 *
 * @param url The URL of the store.
 * @param signal Ends the hosts.
 */
export async function runLab(url: string, signal: AbortSignal): Promise<void> {
  await using hosts = new AsyncDisposableStack();
  // First of all: it checks the URL.
  await using pool = await ClusterPool.connect(url, { name: NAME });
  const data = seededIntegers(9, 0, 10, NUMBERS);

  let start = performance.now();
  const expected = data.map((x) => taylorExp(x));
  const alone = (performance.now() - start) / 1000;
  console.log(`In a loop: ${alone.toFixed(2)} seconds`);

  for (let i = 0; i < HOSTS; i++) {
    hosts.use(await startHost(url, NAME, signal));
  }
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
