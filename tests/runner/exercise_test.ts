import { assert, assertEquals } from "@std/assert";
import { exercises } from "../../labs/runner/exercise/exercises.ts";
import { check, type ProgramRun } from "../../labs/runner/exercise/judge.ts";

const checked = (name: string, run: ProgramRun) =>
  check(exercises[name], () => Promise.resolve(run));

Deno.test("An exercise's lines are expected, not recorded", async () => {
  const expected = async (name: string) =>
    (await checked(name, { output: "wrong" })).verdict?.output?.expected;
  assertEquals(
    [
      await expected("queue-1"),
      await expected("queue-2"),
      await expected("queue-3"),
      await expected("threads-1"),
      await expected("gil-1"),
    ],
    [
      "these lines, in this order",
      "these lines, in any order",
      "this line",
      "these lines, in any order, the one about the time last",
      "this line, with about this time",
    ],
  );
  for (const name of Object.keys(exercises)) {
    assert(!/record/.test((await expected(name))!), name);
  }
});

Deno.test("An exercise's hint is for its subject, not for other errors", async () => {
  const hinted = async (name: string, run: Partial<ProgramRun>) => {
    const { isSolved, hint } = await checked(name, { output: "", ...run });
    assertEquals(isSolved, false);
    assert(hint === undefined || hint === exercises[name].hint);
    return hint !== undefined;
  };
  const thrown = (error: string) => ({
    failure: `it failed:\n${error}`,
    hasThrown: true,
  });
  for (const name of Object.keys(exercises)) {
    assert(await hinted(name, { output: "wrong" }), name);
    assert(await hinted(name, { failure: "it had not ended" }), name);
    assert(!await hinted(name, thrown("SyntaxError: x")), name);
  }
  // That error is what the exercise begins with.
  assert(
    await hinted("pool-3", thrown("RangeError: there is no inverse of 0")),
  );
  const line = 'throw new RangeError("there is no inverse of 0");';
  assert(!await hinted("pool-3", thrown(`SyntaxError: x\n${line}`)));
});
