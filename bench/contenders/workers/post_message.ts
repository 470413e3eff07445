// Copyright 2026 the lab9 authors. MIT license.

/**
 * A worker of a pool by hand: a number is a task, a Float64Array is a chunk, and
 * anything else is given back.
 *
 * @module
 */

import { affineChunk, type Chunk, echo, tinyTask } from "../../work.ts";

/** In a worker, the global scope is its end of the channel. */
declare const self: Worker;

self.onmessage = ({ data: [id, x] }) => {
  if (typeof x === "number") return self.postMessage([id, tinyTask(x)]);
  if (!(x instanceof Float64Array)) return self.postMessage([id, echo(x)]);
  const chunk = affineChunk(x as Chunk);
  self.postMessage([id, chunk], { transfer: [chunk.buffer] });
};
