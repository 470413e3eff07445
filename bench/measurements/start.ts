// Copyright 2026 the lab9 authors. MIT license.

import {
  contender,
  type Measurement,
  onDeno,
  OURS,
  versus,
} from "../measurement.ts";

/** They print the square of 3. */
const launches = { times: 5, prints: "9" };
const ALL = `${OURS}, all of mod.ts`;
const RAW = "two raw Workers";

/** From outside: a process until it prints the first result. */
export const start: Measurement = {
  name: "start",
  title: "Process start to first pool result",
  unit: "starts",
  contenders: [
    { name: OURS, command: onDeno("lab9_start.ts"), count: 1, launches },
    { name: ALL, command: onDeno("lab9_start_all.ts"), count: 1, launches },
    { name: RAW, command: onDeno("post_message_start.ts"), count: 1, launches },
  ],
  comparisons: [
    versus("start", RAW),
    { ...versus("start-all", RAW), ours: ALL, label: `${RAW} (mod.ts)` },
  ],
};

const EMPTY = "an empty script";
const LISTED = "[13]  first in, first out";

/** From outside: a lab that starts no thread. */
export const list: Measurement = {
  name: "list",
  title: "Process start to the first line of lab:queue --list",
  unit: "starts",
  contenders: [
    {
      name: OURS,
      command: [
        ...["deno", "run", "--no-prompt", "--allow-read=."],
        ...["labs/queue.ts", "--list"],
      ],
      count: 1,
      launches: { times: 5, prints: LISTED },
    },
    {
      name: EMPTY,
      command: onDeno("empty.ts"),
      count: 1,
      launches: { times: 5, prints: "0" },
    },
  ],
  comparisons: [{
    ...versus("list", EMPTY),
    label: `${EMPTY} that imports @std/cli`,
  }],
};

const SIZES = [64, 200];

/** Until every worker of a large pool, or every raw one, has run something. */
export const poolStart: Measurement = {
  name: "pool-start",
  title: "Pool.ready(), against as many raw Workers",
  unit: "starts",
  contenders: SIZES.flatMap((workers) =>
    ([[OURS, "Pool"], ["postMessage", "raw Workers"]] as const).map((
      [program, name],
    ) =>
      contender(program, "poolStart", { workers }, {
        name: `${name}, ${workers}`,
      })
    )
  ),
  comparisons: SIZES.map((workers) => ({
    id: `pool-start/${workers}`,
    ours: `Pool, ${workers}`,
    against: [`raw Workers, ${workers}`],
    label: `${workers} raw Workers`,
  })),
};

/** From `start()` or `new Worker` to the first line of what runs there. */
export const threadStart: Measurement = {
  name: "thread-start",
  title: "Thread start on a cached worker",
  unit: "starts",
  contenders: [
    contender(OURS, "threadStart", { bursts: 50 }),
    contender("postMessage", "threadStart", { bursts: 10 }, {
      name: "a raw Worker",
    }),
  ],
  comparisons: [versus("thread-start", "a raw Worker")],
};

/** Ten threads that sleep at once. */
export const sleep: Measurement = {
  name: "sleep",
  title: "Ten threads that sleep for 2 s",
  unit: "times",
  contenders: [contender(OURS, "sleep", { workers: 10, bursts: 1 })],
  comparisons: [{
    id: "sleep/2 s",
    ours: OURS,
    against: 2,
    label: "2 s",
  }],
};
