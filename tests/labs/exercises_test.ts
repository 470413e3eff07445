import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { stripAnsiCode } from "@std/fmt/colors";
import { exercises } from "../../labs/runner/exercise/exercises.ts";
import { processTest } from "../support/threads.ts";

const cwd = new URL("../../", import.meta.url);

async function run(...args: string[]): Promise<[code: number, out: string]> {
  const { code, stdout, stderr } = await new Deno.Command("deno", {
    ...{ args, cwd, stdin: "null" },
  }).output();
  const text = new TextDecoder().decode(stdout) +
    new TextDecoder().decode(stderr);
  return [code, stripAnsiCode(text)];
}

for (const name of Object.keys(exercises)) {
  // Those that hang before they are solved are tried by one of them.
  const hangs = ["threads-3", "queue-2"].includes(name);
  processTest(`exercise ${name} isn't solved, then is`, async () => {
    if (!hangs || name === "queue-2") {
      const [code, out] = await run("task", "--quiet", "exercise", name);
      assertStringIncludes(out, `✗ ${name}, not yet`);
      assertStringIncludes(out, `Hint: ${exercises[name].hint}`);
      assertEquals(code, 1);
    }
    const solve = ["run", "-A", "--no-check", "tests/support/solutions.ts"];
    const [code, out] = await run(...solve, name);
    assertStringIncludes(out, `✓ ${name} does what it should`);
    assertEquals(code, 0);
  });
}

processTest("an exercise that there isn't is refused", async () => {
  const [code, out] = await run("task", "--quiet", "exercise", "queue-9");
  assertStringIncludes(out, "Cannot run exercise 'queue-9': the exercises are");
  assertEquals(code, 2);
  assert((await run("task", "--quiet", "exercise"))[1].startsWith("Usage"));
});
