// Copyright 2026 the lab9 authors. MIT license.

import { contender, type Measurement, OURS, versus } from "../measurement.ts";

/** 32 MB in all, but a number of items that tells something. */
function countOf(size: number): number {
  return Math.min(100_000, Math.max(64, 2 ** 25 / size));
}

const SIZES: [size: number, name: string][] = [
  [8, "8 B"],
  [64, "64 B"],
  [512, "512 B"],
  [4096, "4 KB"],
  [32_768, "32 KB"],
  [262_144, "256 KB"],
  [1_048_576, "1 MB"],
];

/** How throughput depends on the size of items. */
export const itemSize: Measurement = {
  name: "item-size",
  title: "Queue against postMessage, Uint8Arrays",
  unit: "items",
  isScaling: true,
  contenders: SIZES.flatMap(([size, name]) =>
    ([OURS, "postMessage"] as const).map((program) => {
      const settings = { kind: "bytes", size, count: countOf(size) } as const;
      return contender(program, "queue", settings, {
        name: `${program}, ${name}`,
      });
    })
  ),
  comparisons: SIZES.map(([, name]) => ({
    ...versus("item-size", `postMessage, ${name}`),
    ours: `${OURS}, ${name}`,
    label: name,
  })),
};

/** Compares the steps of a measurement with one of them. */
function series(
  measurement: Omit<Measurement, "comparisons">,
  base: string,
): Measurement {
  const steps = measurement.contenders.filter(({ name }) => name !== base);
  return {
    ...measurement,
    isScaling: true,
    comparisons: steps.map(({ name }) => ({
      id: `${measurement.name}/${name}`,
      ours: name,
      against: [base],
      label: name,
    })),
  };
}

/** How throughput depends on the number of workers. */
export const poolSize: Measurement = series({
  name: "pool-size",
  title: "Pool.map of e^x, against 1 worker",
  unit: "numbers",
  contenders: [1, 2, 4, 8, 16].map((workers) =>
    contender(OURS, "expPool", { workers, count: 640 }, {
      name: `${workers} worker${workers === 1 ? "" : "s"}`,
    })
  ),
}, "1 worker");

/** How throughput depends on the size of chunks. */
export const chunkSize: Measurement = series({
  name: "chunk-size",
  title: "Pool.map, 100,000 numbers, against default chunks",
  unit: "numbers",
  contenders: [0, 1, 10, 100, 1000, 10_000].map((chunkSize) =>
    contender(OURS, "map", { chunkSize, count: 100_000 }, {
      name: chunkSize === 0 ? "default chunks" : `chunks of ${chunkSize}`,
    })
  ),
}, "default chunks");

/** How throughput depends on how many items a queue may hold. */
export const queueDepth: Measurement = series({
  name: "queue-depth",
  title: "Queue, numbers, against no limit",
  unit: "items",
  contenders: [0, 1, 8, 64, 512, 4096].map((maxsize) =>
    contender(OURS, "queue", { maxsize, count: 40_000 }, {
      name: maxsize === 0 ? "no limit" : `maxsize ${maxsize}`,
    })
  ),
}, "no limit");
