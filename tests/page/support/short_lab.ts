// A worker that is the main thread of a pool, and has its page end it at the moment at
// which the pool's workers end. Bundled and served by `library_test.ts`.

import { expose, Pool } from "@lab9/concurrency";
import { WORKER_NAME } from "../../../lib/thread/worker_server.ts";

declare const self: { name: string; postMessage(message: string): void };

function square(x: number): number {
  return x * x;
}

expose(import.meta, { square });

if (self.name !== WORKER_NAME) {
  const pool = new Pool(2);
  await pool.map(square, [1, 2, 3]);
  pool.close();
  self.postMessage("done");
}
