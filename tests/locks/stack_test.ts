import { assertEquals } from "@std/assert";
import { refusedBy, withArticle } from "../../lib/checks.ts";
import { processTest } from "../support/threads.ts";

/**
 * Without V8's compilers, every frame has the same size each time. To the end of a
 * small stack it isn't as far.
 */
const INTERPRETED =
  "--v8-flags=--no-opt,--no-maglev,--no-sparkplug,--stack-size=400";

const scenarios: Record<string, string[]> = {
  "Where the stack ends, a change is made or not": [
    INTERPRETED,
    "changes_at_stack_end.ts",
  ],
  "Where the stack ends, a first change is made or not": [
    "first_change_at_stack_end.ts",
  ],
  "Where the stack ends, no item is lost, however deep it is nested": [
    "deep_items_at_stack_end.ts",
  ],
  "Where the stack ends, what came of a thread isn't lost": [
    "joins_at_stack_end.ts",
  ],
  "Every change reserves the stack": [
    "--import-map=tests/support/counting_import_map.json",
    "counted_changes.ts",
  ],
};
for (const [name, args] of Object.entries(scenarios)) {
  processTest(name, async () => {
    const script = `tests/support/${args.at(-1)}`;
    const command = new Deno.Command("deno", {
      args: [
        ...["run", "--quiet", "--no-check", "--allow-read=."],
        ...args.slice(0, -1),
        script,
      ],
      cwd: new URL("../../", import.meta.url),
      stdout: "null",
      stderr: "piped",
    });
    const { code, stderr } = await command.output();
    assertEquals([code, new TextDecoder().decode(stderr)], [0, ""]);
  });
}

Deno.test("Where the stack ends, a refusal has no error of its own", () => {
  const names = new Set<string>();
  const refuse = () => withArticle(String(refusedBy(down, new Error("RLock"))));
  function down(): void {
    try {
      down();
    } catch {
      // Each caller tries once more.
    }
    try {
      refuse();
    } catch (error) {
      names.add((error as Error).name);
    }
  }
  down();
  assertEquals([...names], ["RangeError"]);
});
