import { assertEquals, assertLess } from "@std/assert";
import { processTest } from "../support/threads.ts";
import { runProcess } from "../support/thread_process.ts";

/** Less than what is left in a sixth if each round leaves a worker. */
const MOST_GROWTH_MB = 12;

processTest(
  "Memory comes back from threads that were ended, and pools",
  async () => {
    const flags = ["--v8-flags=--expose-gc"];
    const { code, out, err } = await runProcess("memory.ts", ["8"], flags);
    assertEquals([code, err], [0, ""]);
    // What is kept grows to its size at first, and the system gives memory in steps of
    // up to 50 MB, now and then. What is left by each round grows in each sixth.
    const used = JSON.parse(out) as number[];
    const growths = used.slice(2).map((mb, i) => mb - used[i + 1]);
    assertLess(Math.min(...growths), MOST_GROWTH_MB, out);
  },
);
