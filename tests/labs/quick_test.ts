import { assertEquals } from "@std/assert";
import { outputsOf, runLabTask } from "../support/labs.ts";
import { processTest } from "../support/threads.ts";

processTest("--quick runs every cell of every lab", async () => {
  const labs = ["threads", "queue", "pool", "gil", "deadlock"] as const;
  await Promise.all(labs.map(async (lab) => {
    const list = await runLabTask(lab, "--list");
    const cells = list.stdout.match(/(?<=^\[)\w+/gm);
    const run = await runLabTask(lab, "--quick");
    assertEquals([lab, run.code, run.stderr], [lab, 0, ""]);
    const ran = outputsOf(run).keys();
    assertEquals(new Set(ran), new Set(cells), lab);
  }));
});
