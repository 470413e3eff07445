import { assertEquals } from "@std/assert";
import { runProcess } from "../support/thread_process.ts";
import { processTest } from "../support/threads.ts";

processTest(
  "Programs may replace the globals that the library uses",
  async () => {
    const finished = await runProcess("replaced_globals.ts", []);
    assertEquals(finished, {
      code: 0,
      out: "4\ntrue\n[ -1, -2 ]\nTimeoutError\n4 true\nEmpty 0\ntrue",
      err: "",
    });
  },
);
