// Copyright 2026 the lab9 authors. MIT license.

import { ThreadWorker } from "poolifier-web-worker";
import { affineChunk, type Chunk, tinyTask } from "../../work.ts";

export default new ThreadWorker(
  (x?: number | Chunk) => typeof x === "number" ? tinyTask(x) : affineChunk(x!),
  { maxInactiveTime: 600_000 },
);
