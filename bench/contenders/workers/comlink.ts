// Copyright 2026 the lab9 authors. MIT license.

import * as Comlink from "comlink";
import { affineChunk, type Chunk, tinyTask } from "../../work.ts";

const functions = {
  tinyTask,
  runChunk: (chunk: Chunk) => {
    const result = affineChunk(chunk);
    return Comlink.transfer(result, [result.buffer]);
  },
};

/** What the worker can be asked for. */
export type WorkerFunctions = typeof functions;

Comlink.expose(functions);
