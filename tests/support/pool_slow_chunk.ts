// Says how many bytes each result has left while one chunk is slow.

import { Pool, Queue } from "../../mod.ts";
import { waitIfFirst } from "./pool_functions.ts";

declare const gc: () => void;

const [FIRST, LAST] = [2_000, 12_000];

/** Only the first has to wait; the others needn't ask for their arguments. */
function* items(go: Queue<number>): Generator<never> {
  yield { index: 0, go } as never;
  for (let index = 1; index <= LAST; index++) yield { index } as never;
}

if (import.meta.main) {
  await using pool = new Pool(2);
  const go = new Queue<number>();
  let taken = 0;
  let before = 0;
  for await (const _ of pool.imapUnordered(waitIfFirst, items(go))) {
    taken++;
    if (taken !== FIRST && taken !== LAST) continue;
    gc();
    const { heapUsed } = Deno.memoryUsage();
    if (taken === FIRST) before = heapUsed;
    else {
      console.log(Math.round((heapUsed - before) / (LAST - FIRST)));
      go.putNowait(0);
    }
  }
}
