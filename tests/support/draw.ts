// Copyright 2026 the lab9 authors. MIT license.

/**
 * Made-up timelines, for tests of what is drawn from them.
 *
 * @module
 */

import type { Span, State, Timeline } from "../../labs/notebook/timeline.ts";

/** A span as `[state, start, end, label?]`. */
type BriefSpan = [State, number, number, string?];

/** Puts a timeline together from its threads' spans. */
export function timelineOf(
  cell: string,
  title: string,
  duration: number,
  spans: Record<string, BriefSpan[]>,
): Timeline {
  const threads = Object.keys(spans).map((name, i) => ({
    ident: 140_000_000_000_000 + 4096 * i,
    name,
  }));
  return {
    cell,
    title,
    duration,
    threads,
    spans: threads.flatMap(({ ident, name }) =>
      spans[name].map(([state, start, end, label]): Span => ({
        thread: ident,
        state,
        start,
        end,
        label,
      }))
    ),
    flows: [],
    depths: [],
  };
}

/** Two calls in a row, as of cell `threads:5`. */
export const sequential = timelineOf("5", "two calls in a row", 2001, {
  MainThread: [
    ["run", 0, 2001],
    ["sleep", 0.3, 1000.4],
    ["sleep", 1000.8, 2000.9],
  ],
});

/** Two threads, as of cell `threads:7`. */
export const threaded = timelineOf("7", "two threads", 1003, {
  "MainThread": [
    ["run", 0, 1003],
    ["join", 0.8, 1001.9],
    ["join", 1002, 1002.6],
  ],
  "Thread-1 (doSomething)": [
    ["run", 0.4, 1001.2],
    ["sleep", 0.9, 1001],
  ],
  "Thread-2 (doSomething)": [
    ["run", 0.7, 1002.3],
    ["sleep", 1.1, 1002.1],
  ],
});

/** Three messages for two threads, as of cell `queue:24`. */
export const queued: Timeline = {
  ...timelineOf("24", "put <messages> & wait", 4010, {
    "MainThread": [["run", 0, 4010], ["queue", 1, 4009, "q.join()"]],
    "Thread-1 (worker)": [
      ["run", 0, 4010],
      ["queue", 0, 0.5],
      ["sleep", 0.7, 2000.9],
      ["queue", 2001, 2001.2],
      ["sleep", 2001.5, 4002],
      ["queue", 4002.2, 4010],
    ],
    "Thread-2 (worker)": [
      ["run", 0, 4010],
      ["queue", 0, 0.9],
      ["sleep", 1.2, 2001.3],
      ["queue", 2001.5, 4010],
    ],
  }),
  flows: [
    flow(1, "item", 0, 0.3, 1, 0.5),
    flow(2, "item", 0, 0.6, 2, 0.9),
    flow(3, "item", 0, 0.8, 1, 2001.2),
    flow(4, "lock", 1, 3000, 2, 3001),
  ],
  depths: [
    { queue: "q", time: 0.3, depth: 1 },
    { queue: "q", time: 0.5, depth: 0 },
    { queue: "q", time: 0.8, depth: 1 },
    { queue: "q", time: 2001.2, depth: 0 },
  ],
};

function flow(
  id: number,
  kind: "item" | "lock",
  from: number,
  put: number,
  to: number,
  got: number,
): Timeline["flows"][number] {
  const thread = (i: number) => 140_000_000_000_000 + 4096 * i;
  return {
    kind,
    id,
    from: { thread: thread(from), time: put },
    to: { thread: thread(to), time: got },
  };
}

/** Four threads that take turns every five milliseconds, as of `gil:35`. */
export const contended = timelineOf("35", "threaded f()", 8000, {
  MainThread: [["run", 0, 8000], ["queue", 3, 7998]],
  ...Object.fromEntries([0, 1, 2, 3].map((n) => [
    `Thread-${n + 1} (doWork)`,
    [
      ["run", 1, 7999],
      ...Array.from({ length: 400 }, (_, i): BriefSpan => {
        const turn = 20 * i + 5 * n;
        return ["gil", Math.max(1, turn - 15), Math.max(1, turn)];
      }),
    ] as BriefSpan[],
  ])),
});

/** Ten threads and a pool of four, with every state. */
export const crowded = timelineOf("all", "everything at once", 2500, {
  MainThread: [
    ["run", 0, 2500],
    ["pool", 20, 1800],
    ["join", 1900, 2490],
  ],
  ...Object.fromEntries(
    Array.from({ length: 10 }, (_, i) => [
      `Thread-${i + 1} (doSomethingSpecific)`,
      [
        ["run", 10 * i, 2100 + 30 * i],
        ["lock", 10 * i + 5, 60 * i + 40],
        ["sleep", 60 * i + 60, 1500],
        [i % 2 ? "gil" : "queue", 1500, 2000],
      ] as BriefSpan[],
    ]),
  ),
  ...Object.fromEntries(
    Array.from({ length: 4 }, (_, i) => [
      `PoolWorker-${i + 1}`,
      [
        ["run", 20, 1850],
        ["pool", 20, 100 + 10 * i],
        ["task", 100 + 10 * i, 900, "chunk 1"],
        ["pool", 900, 905],
        ["task", 905, 1700 + 20 * i, "chunk 2"],
      ] as BriefSpan[],
    ]),
  ),
});
