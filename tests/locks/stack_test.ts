import { assertEquals } from "@std/assert";
import { processTest } from "../support/threads.ts";

const scenarios = {
  "Where the stack ends, no wait is left half-way": "locks_stack.ts",
  "Where the stack ends, a change is made or not": "changes_at_stack_end.ts",
};
for (const [name, script] of Object.entries(scenarios)) {
  processTest(name, async () => {
    const command = new Deno.Command("deno", {
      args: [
        "run",
        "--quiet",
        "--no-check",
        "--allow-read=.",
        "--v8-flags=--no-opt,--no-maglev,--no-sparkplug",
        `tests/support/${script}`,
      ],
      cwd: new URL("../../", import.meta.url),
      stdout: "null",
      stderr: "piped",
    });
    const { code, stderr } = await command.output();
    assertEquals([code, new TextDecoder().decode(stderr)], [0, ""]);
  });
}
