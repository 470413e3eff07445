import { assert, assertEquals, assertGreaterOrEqual } from "@std/assert";
import { recorded } from "../lib/runner/record.ts";
import { applyRules } from "../lib/runner/rules.ts";
import { parseTranscript } from "../lib/runner/transcript.ts";
import config from "../deno.json" with { type: "json" };

/** What a lab's process printed, and how it ended. */
export interface LabRun {
  code: number;
  stdout: string;
  stderr: string;
}

/** Runs a lab as its task does: the same command, with further arguments. */
export async function runLabTask(
  lab: "threads" | "queue" | "pool" | "gil",
  ...args: string[]
): Promise<LabRun> {
  const { command } = config.tasks[`lab:${lab}`];
  const [program, ...given] = command.split(" ");
  const output = await new Deno.Command(program, {
    args: [...given, ...args],
    cwd: new URL("../", import.meta.url),
    stdin: "null",
  }).output();
  const decoder = new TextDecoder();
  return {
    code: output.code,
    stdout: decoder.decode(output.stdout),
    stderr: decoder.decode(output.stderr),
  };
}

/** The outputs by cell; of a cell that ran twice, the second. */
export function outputsOf(run: LabRun): Map<string, string> {
  return new Map(
    parseTranscript(run.stdout).map(({ id, output }) => [id, output]),
  );
}

/** The seconds that a cell's own last line about the time says. */
export function secondsOf(output: string | undefined): number {
  const match = /^Finished in (\d+\.\d+) seconds$/m.exec(output ?? "");
  assert(match !== null, `no time in: ${output}`);
  return Number(match[1]);
}

/** A cell that sleeps takes its time, and little more even on a busy machine. */
export function assertSlept(output: string | undefined, seconds: number): void {
  const here = secondsOf(output);
  assertGreaterOrEqual(here, seconds);
  assert(here < seconds + 1, `slept ${here} seconds instead of ${seconds}`);
}

/** Compares every recorded cell of a lab with what was printed here. */
export function assertReproduced(
  lab: string,
  outputs: Map<string, string>,
): void {
  for (const { id, output, rules, unrecorded } of recorded[lab]) {
    const here = outputs.get(id.split(":")[1]);
    assert(here !== undefined, `cell ${id} was not run`);
    if (unrecorded) continue;
    const sides = applyRules(rules, {
      recorded: output.split("\n"),
      here: here.split("\n"),
    });
    assertEquals(sides.here, sides.recorded, `cell ${id}`);
  }
}
