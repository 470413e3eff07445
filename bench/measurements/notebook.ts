// Copyright 2026 the lab9 authors. MIT license.

import { contender, type Measurement, OURS, versus } from "../measurement.ts";

const count = 1000;
const pool = "Pool.map, 2 workers";

/** The notebook's e^x, in a loop and by a pool. */
export const exp: Measurement = {
  name: "exp",
  title: "The notebook's e^x",
  unit: "numbers",
  contenders: [
    contender(OURS, "exp", { count }),
    contender(OURS, "expPool", { count }, { name: pool }),
    contender("CPython", "exp", { count }),
  ],
  comparisons: [
    {
      id: "exp/pool",
      ours: pool,
      against: [OURS],
      label: "Pool.map against its own loop",
    },
    { ...versus("exp", "CPython"), label: "the loop against CPython" },
  ],
};

/** The notebook's f: a plain array. */
export const f: Measurement = {
  name: "f",
  title: "The notebook's f, a plain array",
  unit: "calls",
  contenders: [contender(OURS, "f", {}), contender("CPython", "f", {})],
  comparisons: [versus("f", "CPython")],
};

/** The notebook's g: a typed array. */
export const g: Measurement = {
  name: "g",
  title: "The notebook's g, a typed array",
  unit: "calls",
  contenders: [
    contender(OURS, "g", {}),
    contender("CPython", "g", {}, { name: "numpy", needs: "numpy" }),
  ],
  comparisons: [versus("g", "numpy")],
};
