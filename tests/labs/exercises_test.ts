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
  assert((await run("task", "--quiet", "exercise"))[1].startsWith("Usage"));
});
