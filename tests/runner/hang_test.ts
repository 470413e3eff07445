import { assertEquals } from "@std/assert";
import { processTest } from "../support/threads.ts";
import { verdictsOf } from "../support/verdicts.ts";

processTest("verdicts: a lock that is never let go", async () => {
  const [seed] = crypto.getRandomValues(new Uint32Array(1));
  const cells = await verdictsOf(seed, 0, "hangs");
  const { verdict, runs } = cells.get("lock_never_let_go")!;
  assertEquals([verdict, runs[0].reason], [
    "differs",
    "cell mutants:lock_never_let_go had not ended after 30 seconds",
  ]);
  assertEquals(cells.get("loop")!.verdict, "reproduced");
});
