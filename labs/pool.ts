// To take this lab with you, as one file that needs nothing beside it:
//
//     deno task copy pool pool.ts

/**
 * Lab 9, third part: multiprocessing. e^x of 5,000 numbers, by a Taylor series
 * with exact integers, in a loop and by a pool of workers.
 *
 *     deno task lab:pool
 *     deno run --no-prompt --allow-read=labs,lib,vendor,mod.ts labs/pool.ts
 */

import { cpuCount, expose, Pool } from "@lab9/concurrency";
import { cell, type CellContext, runLab, time } from "./notebook/cell.ts";
import {
  assertEquals,
  displayList,
  seededIntegers,
  trueDivide,
} from "./notebook/python/mod.ts";

cell(3, "processors", {}, () => {
  console.log(`Number of processors:  ${cpuCount()}`);
});

cell(6, "5,000 random integers", {}, ({
  quick,
  items = quick ? 500 : 5000,
}) => {
  data = randomData(items);
});

// The notebook's numbers were not seeded. Its printed results imply the first of
// them (the record breaks off in the 56th); the others are as random.
const RECORDED_DATA = [
  ...[4, 2, 5, 7, 6, 1, 5, 2, 8, 4, 4, 6, 0, 2, 3, 3, 7, 1, 4, 2],
  ...[0, 0, 5, 2, 1, 4, 6, 9, 8, 8, 0, 4, 8, 9, 9, 0, 0, 1, 2, 0],
  ...[8, 2, 8, 3, 0, 3, 4, 1, 7, 8, 7, 4, 4, 4, 0, 6],
];

function randomData(size: number): number[] {
  const more = Math.max(0, size - RECORDED_DATA.length);
  const rest = seededIntegers(9, 0, 10, more);
  return [...RECORDED_DATA, ...rest].slice(0, size);
}

cell(7, "taylor_exp()");

// Python's integers have no limit; BigInt is what comes closest.
export function factorialUpto(n: number): bigint[] {
  const res = [1n];

  for (let i = 1; i <= n; i++) {
    res.push(res[res.length - 1] * BigInt(i));
  }
  return res;
}

export function taylorExp(x: number, n = 1000): number {
  const factorials = factorialUpto(n);

  let res = 0;
  for (let i = 0; i < n; i++) {
    res += trueDivide(BigInt(x) ** BigInt(i), factorials[i]);
  }

  return res;
}

// What later cells need of earlier ones, as in the notebook's namespace.
let data: number[] = [];
let results: number[] = [];
let resultsMp: number[] = [];
let resultsSmp: number[] = [];

cell(8, "sequential", { needs: [6, 7] }, () => {
  const start = time();
  results = [];
  for (const x of data) {
    results.push(taylorExp(x));
  }

  console.log(`Finished in ${(time() - start).toFixed(4)} seconds`);
});

// The notebook's reader scrolls; the record breaks off after 56 results.
function show(results: number[]): void {
  console.log(displayList(results, { limit: RECORDED_DATA.length }));
}

cell(13, "results", { needs: [8] }, () => show(results));

// Workers start before the clock does: a process takes longer to start here than
// a fork takes in Python.
const pooled = {
  needs: [6, 7, 8],
  prestart: ({ workers }: CellContext) => workers,
};

cell(9, "Pool.map", pooled, async ({ workers }) => {
  const start = time();

  const pool = new Pool(workers);

  resultsMp = await pool.map(taylorExp, data);

  pool.close(); // we close the workers we just opened
  console.log(`Finished in ${(time() - start).toFixed(4)} seconds`);

  assertEquals(resultsMp, results);
});

cell(11, "results of Pool.map", { needs: [9] }, () => show(resultsMp));

cell(10, "Pool.starmap", pooled, async ({ workers }) => {
  const start = time();

  const pool = new Pool(workers);

  // Lets us pass several arguments to the function.
  resultsSmp = await pool.starmap(taylorExp, data.map((x) => [x, 1000]));

  pool.close();
  console.log(`Finished in ${(time() - start).toFixed(4)} seconds`);

  // Or: await using pool = new Pool(workers);
  // Then we don't have to close it.

  assertEquals(resultsSmp, results);
});

cell(12, "results of Pool.starmap", { needs: [10] }, () => show(resultsSmp));

// Other threads find the function under this name.
expose(import.meta, { taylorExp });

if (import.meta.main) {
  await runLab({
    name: "pool",
    about: "Pools: one function over many numbers, on all processors.",
    workers: cpuCount(),
    workersHelp: "How many workers the pools have",
  });
}
