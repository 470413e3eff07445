// Copyright 2026 the lab9 authors. MIT license.

import { contender, type Measurement, OURS, versus } from "../measurement.ts";

const settings = { count: 200_000, bursts: 15 };
const without = "without the code";

/**
 * The queue as it is, and with an import map that puts `no_recorder.ts` in the
 * place of the recorder, in all threads: its calls do nothing, and V8 takes
 * what stands behind its constant `false` away.
 */
export const recording: Measurement = {
  name: "recording",
  title: "Recording off, numbers through a Queue",
  unit: "items",
  contenders: [
    contender(OURS, "queue", settings),
    contender(OURS, "queue", settings, {
      name: without,
      flags: ["--import-map=bench/contenders/no_recorder.json"],
    }),
  ],
  comparisons: [versus("recording", without)],
};
