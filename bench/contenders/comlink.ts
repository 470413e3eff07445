// Copyright 2026 the lab9 authors. MIT license.

/**
 * comlink: proxies of objects in workers. It has no pool, so tasks go to the
 * workers in turn. Buffers are transferred, as its README advises.
 *
 * @module
 */

import * as Comlink from "comlink";
import { contend, poolRoles } from "../contend.ts";
import type { WorkerFunctions } from "./workers/comlink.ts";

await contend(poolRoles((count) => {
  const workers = Array.from(
    { length: count },
    () =>
      Comlink.wrap<WorkerFunctions>(
        new Worker(import.meta.resolve("./workers/comlink.ts"), {
          type: "module",
        }),
      ),
  );
  let next = 0;
  const worker = () => workers[next++ % count];
  return {
    run: (x) => worker().tinyTask(x),
    runChunk: (chunk) =>
      worker().runChunk(
        Comlink.transfer(chunk, [chunk.buffer]),
      ),
  };
}));
