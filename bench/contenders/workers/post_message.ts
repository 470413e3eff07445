// Copyright 2026 the lab9 authors. MIT license.

/**
 * A worker of a pool by hand: a number is a task, anything else a chunk.
 *
 * @module
 */

import { affineChunk, tinyTask } from "../../work.ts";

/** In a worker, the global scope is its end of the channel. */
declare const self: Worker;

self.onmessage = ({ data: [id, x] }) => {
  if (typeof x === "number") return self.postMessage([id, tinyTask(x)]);
  const chunk = affineChunk(x);
  self.postMessage([id, chunk], { transfer: [chunk.buffer] });
};
