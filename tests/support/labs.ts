import { assert, assertEquals, assertGreaterOrEqual } from "@std/assert";
import { recorded } from "../../labs/runner/judge/record.ts";
import { applyRules } from "../../labs/runner/judge/rules.ts";
import { loadOf } from "../../labs/runner/judge/timing.ts";
import { markLoad, othersBetween } from "../../labs/runner/run/load.ts";
import { parseTranscript } from "./transcript.ts";
import config from "../../deno.json" with { type: "json" };

/** What a lab's process printed, and how it ended. */
export interface LabRun {
  code: number;
  stdout: string;
  stderr: string;
}

type Lab = "threads" | "queue" | "pool" | "gil" | "deadlock" | "race";

/** Runs a lab as its task does: the same command, with further arguments. */
export async function runLabTask(
  lab: Lab,
  ...args: string[]
): Promise<LabRun> {
  const { command } = config.tasks[`lab:${lab}`];
  const [program, ...given] = command.split(" ");
  const output = await new Deno.Command(program, {
    args: [...given, ...args],
    cwd: new URL("../../", import.meta.url),
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

/** What other programs do, while this one waits, if a time proves nothing beside it. */
async function loadNow(): Promise<string | undefined> {
  const from = markLoad();
  await new Promise((resolve) => setTimeout(resolve, 500));
  const others = othersBetween(from, markLoad(), 0);
  const sample = { seconds: null, quick: false, output: "", others };
  const cores = navigator.hardwareConcurrency;
  return loadOf([sample], { cores, quick: false });
}

/** A claim about the times of a lab's cells. */
type Claim = [
  what: string,
  holds: (seconds: (id: string) => number) => boolean,
];

/**
 * Claims about which cell is faster must hold in one of a few runs: whatever
 * else the machine does falls on some cells and not on others. Of a further run
 * there are the cells that are compared. On one processor nothing can be faster,
 * and nothing is claimed. On a machine that stays busy nothing can be said, as in a
 * verdict of the runner's: that is printed.
 */
export async function assertOnce(
  lab: Lab,
  first: LabRun,
  claims: Claim[],
): Promise<void> {
  if (navigator.hardwareConcurrency < 2) return;
  let run = first;
  let [quiet, busy] = [0, 0];
  for (;;) {
    const outputs = outputsOf(run);
    const compared = new Set<string>();
    const seconds = (id: string) => {
      compared.add(id);
      return secondsOf(outputs.get(id));
    };
    const failed = claims.filter(([, holds]) => !holds(seconds));
    if (failed.length === 0) return;
    const load = await loadNow();
    load === undefined ? quiet++ : busy++;
    const what = failed.map(([what]) => what).join(", ");
    if (busy === 4) return console.log(`Inconclusive, ${load}: ${what}`);
    assert(quiet < 5, `in ${quiet} runs never: ${what}`);
    claims = failed;
    compared.clear();
    for (const [, holds] of failed) holds(seconds);
    run = await runLabTask(lab, "--cell", [...compared].join(","));
  }
}
