import { assertEquals, assertStringIncludes } from "@std/assert";
import { stripAnsiCode } from "@std/fmt/colors";
import { exercises } from "../../labs/runner/exercise/exercises.ts";

const cwd = new URL("../../", import.meta.url);

/** Runs a program of the checkout; what it printed is without colours. */
export async function run(
  ...args: string[]
): Promise<[code: number, out: string]> {
  const { code, stdout, stderr } = await new Deno.Command("deno", {
    ...{ args, cwd, stdin: "null" },
  }).output();
  const text = new TextDecoder().decode(stdout) +
    new TextDecoder().decode(stderr);
  return [code, stripAnsiCode(text)];
}

/** The same, again as long as nobody can say what came of it on a busy machine. */
async function runUntilSaid(...args: string[]): ReturnType<typeof run> {
  for (let left = 10;; left--) {
    const [code, out] = await run(...args);
    if (code !== 4 || left === 0) return [code, out];
  }
}

async function assertUnsolved(name: string): Promise<void> {
  const [code, out] = await runUntilSaid("task", "--quiet", "exercise", name);
  assertStringIncludes(out, `✗ ${name}, not yet`);
  assertStringIncludes(out, `Hint: ${exercises[name].hint}`);
  assertEquals(code, 1);
}

async function assertSolved(name: string): Promise<void> {
  const solve = ["run", "-A", "--no-check", "tests/support/solutions.ts"];
  const [code, out] = await runUntilSaid(...solve, name);
  assertStringIncludes(out, `✓ ${name} does what it should`);
  assertEquals(code, 0);
}

/** An exercise isn't solved as it stands, and is with its solution. */
export async function assertExercise(name: string): Promise<void> {
  await Promise.all([
    // Those that hang before they are solved are tried by one of them.
    name === "threads-3" ? undefined : assertUnsolved(name),
    assertSolved(name),
  ]);
}

/** Those whose time is judged. */
export const timed = Object.keys(exercises)
  .filter((name) => exercises[name].seconds !== undefined);
/** The others. */
export const untimed = Object.keys(exercises)
  .filter((name) => exercises[name].seconds === undefined);
