import { assertEquals, assertRejects } from "@std/assert";
import { Pool, WorkerLostError } from "../../mod.ts";
import { threadTest } from "../support/threads.ts";
import { loaded } from "../support/loading/held.ts";
import { closeMeanwhile, meanwhile } from "../support/loading/meanwhile.ts";

threadTest(
  "Pool: a task goes on as always while a module loads for another",
  async () => {
    await using pool = new Pool(1, { tasksPerWorker: 2 });
    const other = pool.apply(loaded);
    assertEquals(await pool.apply(meanwhile), [9, []]);
    assertEquals(await other, "loaded");
  },
);

threadTest(
  "Pool: a task closes its worker while a module loads for another",
  async () => {
    await using pool = new Pool(1, { tasksPerWorker: 2 });
    const other = assertRejects(() => pool.apply(loaded), WorkerLostError);
    await assertRejects(() => pool.apply(closeMeanwhile), WorkerLostError);
    await other;
  },
);
