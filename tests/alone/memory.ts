import { assertEquals, assertLess } from "@std/assert";
import { processTest } from "../support/threads.ts";
import { runProcess } from "../support/thread_process.ts";

/** Less than what is left if each round leaves a worker, or its queues. */
const MOST_GROWTH_MB = 30;

processTest(
  "Memory comes back from threads that were ended, and pools",
  async () => {
    const flags = ["--v8-flags=--expose-gc"];
    const { code, out, err } = await runProcess("memory.ts", ["8"], flags);
    assertEquals([code, err], [0, ""]);
    // In the last third of the rounds: before that, what is kept grows to its size.
    const [, second, last] = JSON.parse(out) as number[];
    assertLess(last - second, MOST_GROWTH_MB, out);
  },
);
