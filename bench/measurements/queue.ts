// Copyright 2026 the lab9 authors. MIT license.

import { contender, type Measurement, OURS, versus } from "../measurement.ts";

const count = 100_000;
/** V8 goes on compiling for the first few. */
const bursts = 7;

/** Numbers from thread to thread. */
export const queue: Measurement = {
  name: "queue",
  title: "Queue, numbers, thread to thread",
  unit: "items",
  contenders: [
    contender(OURS, "queue", { count, bursts }),
    contender("postMessage", "queue", { count, bursts }),
    contender("multithreading", "queue", { count, bursts }),
    contender("CPython", "queue", { count, bursts }, { name: "queue.Queue" }),
    contender("CPython", "processQueue", { count, bursts }, {
      name: "multiprocessing.Queue",
    }),
  ],
  comparisons: [
    "postMessage",
    "queue.Queue",
    "multiprocessing.Queue",
    "multithreading",
  ].map((other) => versus("queue", other)),
};

const objects = { count, bursts, kind: "object" } as const;

/** Small objects from thread to thread. */
export const queueObjects: Measurement = {
  name: "queue-objects",
  title: "Queue, small objects, thread to thread",
  unit: "items",
  contenders: [
    contender(OURS, "queue", objects),
    contender("postMessage", "queue", objects),
    contender("CPython", "queue", objects, { name: "queue.Queue" }),
    contender("CPython", "processQueue", objects, {
      name: "multiprocessing.Queue",
    }),
  ],
  comparisons: ["postMessage", "queue.Queue", "multiprocessing.Queue"]
    .map((other) => versus("queue-objects", other)),
};

/** Enough that waking eight threads is a small part of it. */
const long = { count: 1_000_000, bursts };
const few = "1 producer, 1 consumer";
const many = "4 producers, 4 consumers";

/** More threads than cores at one queue. */
export const queueContended: Measurement = {
  name: "queue-contended",
  title: `Queue, numbers, ${many}`,
  unit: "items",
  contenders: [
    contender(OURS, "queue", long, { name: few }),
    contender(OURS, "queue", { ...long, producers: 4, consumers: 4 }, {
      name: many,
    }),
  ],
  comparisons: [{
    id: "queue-contended/1 and 1",
    ours: many,
    against: [few],
    label: "itself with 1 and 1",
  }],
};
