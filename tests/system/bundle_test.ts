import { assertEquals, assertMatch } from "@std/assert";
import { processTest } from "../support/threads.ts";
import { runProcess } from "../support/thread_process.ts";

processTest("A lab becomes one file, with its threads", async () => {
  const args = ["threads", "--cell", "7"];
  const { code, out, err } = await runProcess("bundle.ts", args, ["-A"]);
  assertEquals([code, err], [0, ""]);
  assertMatch(out, /Done sleeping\nDone sleeping\nFinished in 1\.\d+ seconds/);
});

processTest("A lab becomes one file, with its pool", async () => {
  const args = ["pool", "--quick"];
  const { code, out, err } = await runProcess("bundle.ts", args, ["-A"]);
  assertEquals([code, err], [0, ""]);
  assertMatch(out, /Finished in/);
});
