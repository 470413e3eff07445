import { assertEquals, assertStringIncludes } from "@std/assert";
import { processTest } from "../support/threads.ts";
import { runProcess } from "../support/thread_process.ts";

processTest(
  "A worker that fills its heap ends the process, and V8 says why",
  async () => {
    // The typed arrays, 320 MB of them, don't count.
    const flags = ["--v8-flags=--max-old-space-size=100"];
    const { code, out, err } = await runProcess("heap.ts", [], flags);
    assertEquals([code, out], [128 + 5, "780"]); // SIGTRAP
    assertStringIncludes(
      err,
      "Fatal JavaScript out of memory: Reached heap limit",
    );
  },
);
