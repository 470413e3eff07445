// Copyright 2026 the lab9 authors. MIT license.

import {
  contender,
  type Measurement,
  OURS,
  PEER_POOLS,
  type Program,
  versus,
  versusBest,
} from "../measurement.ts";

const peers: Program[] = ["postMessage", ...PEER_POOLS];
const everybody: Program[] = [OURS, ...peers, "CPython"];

/** Tiny tasks, all in flight at once. */
export const apply: Measurement = {
  name: "apply",
  title: "Pool.apply, 20,000 tiny tasks in flight",
  unit: "tasks",
  contenders: everybody.map((program) =>
    contender(program, "apply", { count: 20_000 })
  ).concat(contender("knitting", "apply", { count: 20_000 })),
  comparisons: [
    versusBest("apply", PEER_POOLS),
    ...[...peers, "knitting", "CPython"].map((other) => versus("apply", other)),
  ],
};

/** Who is near when there are few calls at a time. */
const quick: Program[] = ["postMessage", "knitting"];

/** Few tasks in flight: what a call costs both sides shows more. */
export const applyBurst: Measurement = {
  name: "apply-burst",
  title: "Pool.apply, 100 tiny tasks in flight",
  unit: "tasks",
  contenders: [OURS, ...quick].map((program) =>
    contender(program as Program, "apply", { count: 100, bursts: 500 })
  ),
  comparisons: quick.map((other) => versus("apply-burst", other)),
};

/** There and back, one call after another. */
export const applyOne: Measurement = {
  name: "apply-one",
  title: "Pool.apply, one tiny task after another",
  unit: "tasks",
  contenders: [OURS, ...quick].map((program) =>
    contender(program as Program, "apply", { count: 1, bursts: 5000 })
  ),
  comparisons: quick.map((other) => versus("apply-one", other)),
};

const PAYLOADS = [
  ["16 characters", { kind: "text", size: 16 }],
  ["1,024 characters", { kind: "text", size: 1024 }],
  ["{ id, name }", { kind: "object" }],
  ["64 B", { kind: "bytes", size: 64 }],
  ["64 KB", { kind: "bytes", size: 65_536 }],
] as const;

/** What is no number, there and back. */
export const payload: Measurement = {
  name: "payload",
  title: "Pool.apply, 100 tasks in flight that return their argument",
  unit: "tasks",
  contenders: PAYLOADS.flatMap(([name, kind]) =>
    [OURS, ...quick].map((program) =>
      contender(
        program as Program,
        "echo",
        { ...kind, count: 100, bursts: 200 },
        { name: `${program}, ${name}` },
      )
    )
  ),
  comparisons: PAYLOADS.flatMap(([name]) =>
    quick.map((other) => ({
      ...versus("payload", `${other}, ${name}`),
      ours: `${OURS}, ${name}`,
    }))
  ),
};

/** One call is called off in at most so many seconds. */
const CALLING_OFF = 5e-6;
const OFF = { "a signal each": "callOff", "one signal": "callOffAtOnce" };
const CALLS = 20_000;

/** Many calls that wait, called off. */
export const calledOff: Measurement = {
  name: "called-off",
  title: "Calling off 20,000 calls that wait",
  unit: "calls",
  contenders: Object.entries(OFF).map(([name, role]) =>
    contender(OURS, role, { count: CALLS }, { name })
  ),
  comparisons: Object.keys(OFF).map((name) => ({
    id: `called-off/${name}`,
    ours: name,
    against: CALLS * CALLING_OFF,
    label: `5 µs a call, ${name}`,
  })),
};

const LARGE = { count: 256 * 2 ** 20, bursts: 3 };
const COPIES = "copied twice";

/** A result of 256 MB that isn't transferred. */
export const largeResult: Measurement = {
  name: "large-result",
  title: "Pool.apply, a result of 256 MB",
  unit: "bytes",
  contenders: [
    contender(OURS, "largeResult", LARGE),
    contender(OURS, "copyTwice", LARGE, { name: COPIES }),
  ],
  comparisons: [versus("large-result", COPIES)],
};

const count = 1_000_000;
const inline = "items.map(fn)";

/** Many numbers; the peers' chunks are written by hand. */
export const map: Measurement = {
  name: "map",
  title: "Pool.map, 1,000,000 numbers, default chunks",
  unit: "numbers",
  contenders: [
    ...everybody.map((program) => contender(program, "map", { count })),
    contender(OURS, "inlineMap", { count }, { name: inline }),
  ],
  comparisons: [
    versus("map", "CPython"),
    versusBest("map", peers),
    versus("map", inline),
    ...peers.map((other) => versus("map", other)),
  ],
};
