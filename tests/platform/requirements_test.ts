import { assertEquals, assertThrows } from "@std/assert";
import { checkVersion } from "../../lib/platform/requirements.ts";
import { processTest } from "../support/threads.ts";
import { runProcess } from "../support/thread_process.ts";

const REFUSAL =
  "NotCapable: Cannot start worker: Deno reads a worker's modules with the " +
  "script's permissions and the script may not read them all, run it with " +
  "--allow-read";

processTest("A script that may not read is told the flag, once", async () => {
  const file = "loading/plain.ts";
  assertEquals(await runProcess(file, []), {
    code: 0,
    out: "2\n2\n2\n2",
    err: "",
  });
  for (const readable of ["README.md", "lib,mod.ts", "tests"]) {
    const flags = [`--allow-read=${readable}`];
    assertEquals(await runProcess(file, [], flags), {
      code: 0,
      out: Array(4).fill(REFUSAL).join("\n"),
      err: "",
    });
  }
});

Deno.test("An older Deno is told which one is needed", () => {
  for (const version of ["2.9.0", "2.9.6", "2.10.1", "3.0.0", "2.9.7+abc"]) {
    checkVersion(version);
  }
  for (const version of ["2.8.3", "2.0.0", "1.46.3"]) {
    assertThrows(
      () => checkVersion(version),
      Error,
      "Cannot start worker: Deno 2.9 or later is needed, this is Deno " +
        version,
    );
  }
});
