// Which cell is faster can be told only while nothing else computes. No file of this
// folder is called a test: only `deno task test:alone` runs them.

import { assertEquals } from "@std/assert";
import {
  assertOnce,
  assertReproduced,
  outputsOf,
  runLabTask,
} from "../support/labs.ts";
import { processTest } from "../support/threads.ts";

processTest("lab:pool prints what the notebook recorded", async () => {
  const run = await runLabTask("pool");
  assertEquals(run.stderr, "");
  assertEquals(run.code, 0);
  const outputs = outputsOf(run);
  assertReproduced("pool", outputs);
  await assertOnce("pool", run, [
    ["Pool.map is faster than the loop", (s) => s("9") < s("8")],
    ["Pool.starmap is faster than the loop", (s) => s("10") < s("8")],
  ]);
});

processTest("lab:gil prints what the notebook recorded", async () => {
  const run = await runLabTask("gil");
  assertEquals(run.stderr, "");
  assertEquals(run.code, 0);
  const outputs = outputsOf(run);
  assertReproduced("gil", outputs);
  await assertOnce("gil", run, [
    ["threaded f() wins nothing", (s) => s("35") > s("34") * 0.9],
    ["parallel f() is faster than serial f()", (s) => s("36") < s("34")],
    ["threaded g() is faster than serial g()", (s) => s("None") < s("37")],
    ["without the lock, threads win", (s) => s("own") < s("35")],
  ]);
  // The unrecorded cell prints what the serial one does, in some order.
  const sorted = (id: string) =>
    outputs.get(id)!.split("\n").filter((l) => /^\d+$/.test(l)).sort();
  assertEquals(sorted("None"), sorted("37"));
});
