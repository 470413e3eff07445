import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { assertExercise, run, untimed } from "../support/exercises.ts";
import { processTest } from "../support/threads.ts";

for (const name of untimed) {
  processTest(
    `exercise ${name} isn't solved, then is`,
    () => assertExercise(name),
  );
}

processTest("an exercise that there isn't is refused", async () => {
  const [code, out] = await run("task", "--quiet", "exercise", "queue-9");
  assertStringIncludes(out, "Cannot run exercise 'queue-9': the exercises are");
  assertEquals(code, 2);
  const [missing, why] = await run(
    "task",
    "--quiet",
    "exercise",
    "queue-1",
    "x",
  );
  assertEquals(missing, 2);
  assertStringIncludes(
    why,
    "Cannot run exercise 'queue-1': there is no file 'x'",
  );
  const [none, help] = await run("task", "--quiet", "exercise");
  assertEquals(none, 2);
  assert(help.startsWith("Cannot check an exercise: name one\n\n"));
  assertStringIncludes(help, "Usage: deno task exercise NAME");
  const [asked, text] = await run("task", "--quiet", "exercise", "--help");
  assertEquals([asked, help.endsWith(text)], [0, true]);
});

processTest("a program that throws gets its error, and no hint", async () => {
  const [code, out] = await run(
    ...["task", "--quiet", "exercise", "queue-1", "README.md"],
  );
  assertStringIncludes(out, "✗ queue-1, not yet: it failed:");
  assertEquals([code, out.includes("Hint")], [1, false]);
});

processTest("an exercise is judged in colour on a terminal only", async () => {
  const { stdout } = await new Deno.Command("deno", {
    args: ["task", "--quiet", "exercise", "queue-1"],
    stdin: "null",
  }).output();
  const text = new TextDecoder().decode(stdout);
  assertEquals(text.split("\n")[0], "✗ queue-1, not yet: its output");
});
