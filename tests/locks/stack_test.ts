import { assertEquals } from "@std/assert";
import { processTest } from "../support/threads.ts";

processTest("Where the stack ends, no wait is left half-way", async () => {
  const command = new Deno.Command("deno", {
    args: [
      "run",
      "--quiet",
      "--no-check",
      "--allow-read=.",
      "--v8-flags=--no-opt,--no-maglev,--no-sparkplug",
      "tests/support/locks_stack.ts",
    ],
    cwd: new URL("../../", import.meta.url),
    stdout: "null",
    stderr: "piped",
  });
  const { code, stderr } = await command.output();
  assertEquals([code, new TextDecoder().decode(stderr)], [0, ""]);
});
