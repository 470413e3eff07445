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
