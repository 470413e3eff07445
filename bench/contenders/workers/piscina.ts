// Copyright 2026 the lab9 authors. MIT license.

import { move } from "piscina";
import { affineChunk, type Chunk, tinyTask } from "../../work.ts";

export default (x: number | Chunk) =>
  typeof x === "number" ? tinyTask(x) : move(affineChunk(x));
