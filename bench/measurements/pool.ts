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
  ),
  comparisons: [
    versusBest("apply", PEER_POOLS),
    ...[...peers, "CPython"].map((other) => versus("apply", other)),
  ],
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
