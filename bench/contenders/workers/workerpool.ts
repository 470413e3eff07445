// Copyright 2026 the lab9 authors. MIT license.

import workerpool from "workerpool";
import { affineChunk, type Chunk, tinyTask } from "../../work.ts";

workerpool.worker({
  tinyTask,
  runChunk: (chunk: Chunk) => {
    const result = affineChunk(chunk);
    return new workerpool.Transfer(result, [result.buffer]);
  },
});
