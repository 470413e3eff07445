// Copyright 2026 the lab9 authors. MIT license.

/**
 * How often a verdict is wrong. Sound labs are run beside no, one and four busy
 * programs, and none of their cells may be called different; so are the broken
 * cells of `tests/support/mutant_lab.ts`, and each must be. It takes six rounds on
 * the wrong side of a bound to say that a time differs, so the worst rounds of the
 * sound cells say how far they are from that.
 *
 *     deno task bench:verdicts --runs 5
 *
 * @module
 */

import { parseArgs } from "@std/cli/parse-args";

const HELP =
  `Measures how often a verdict of the runner is wrong, beside no, one and four
busy programs.

Usage: deno task bench:verdicts [--runs N]

  --runs N  How often the labs are run beside each (default 5); a run takes
            several minutes
  --help    This text`;

const { runs: text = "5", help } = parseArgs(Deno.args, {
  string: ["runs"],
  boolean: ["help"],
  unknown(arg) {
    console.error(`Unknown argument '${arg}': there are --runs and --help`);
    Deno.exit(2);
  },
});
if (help) {
  console.log(HELP);
  Deno.exit();
}
const runs = Number(text);
if (!Number.isInteger(runs) || runs < 1) {
  console.error(`Cannot run with --runs '${text}': it must be a number from 1`);
  Deno.exit(2);
}
const cwd = new URL("../", import.meta.url);

interface Cell {
  id: string;
  verdict: string;
  runs: { timing: Timing }[];
}

interface Timing {
  /** The ratios of the rounds, of which the verdict takes so many. */
  speed?: { low: number; high: number; count: number };
  concurrency?: number;
  expected?: string;
}

/** The cells of a command that prints their verdicts as JSON. */
async function cellsOf(args: string[]): Promise<Cell[]> {
  const { stdout } = await new Deno.Command("deno", {
    ...{ args, cwd, stdin: "null", stderr: "null" },
  }).output();
  const { labs }: { labs: { cells: Cell[] }[] } = JSON.parse(
    new TextDecoder().decode(stdout),
  );
  return labs.flatMap(({ cells }) => cells);
}

/** The verdicts, while so many other programs compute. */
async function beside(
  load: number,
  run: () => Promise<Cell[]>,
): Promise<Cell[]> {
  const busy = Array.from({ length: load }, () =>
    new Deno.Command("deno", {
      args: ["eval", "while (true);"],
      ...{ stdin: "null", stdout: "null", stderr: "null" },
    }).spawn());
  try {
    return await run();
  } finally {
    for (const child of busy) child.kill("SIGKILL");
  }
}

/** The rounds of a cell whose time is judged. */
interface Rounds {
  count: number;
  ratios: number[];
  concurrencies: number[];
  expected: string;
}

/** How near to their bounds cells have come. */
function addRounds(all: Map<string, Rounds>, cells: Cell[]): void {
  for (const { id, runs } of cells) {
    const { speed, concurrency = 0, expected } = runs.at(-1)?.timing ?? {};
    if (speed === undefined || expected === undefined) continue;
    const rounds = all.get(id) ??
      { count: 0, ratios: [], concurrencies: [], expected };
    rounds.count += speed.count;
    rounds.ratios.push(speed.low, speed.high);
    rounds.concurrencies.push(concurrency);
    all.set(id, rounds);
  }
}

const range = (values: number[]) =>
  `${Math.min(...values).toFixed(2)} to ${Math.max(...values).toFixed(2)}`;

const isMutant = ({ id }: Cell) => id.includes("_");

for (const load of [0, 1, 4]) {
  let [wronged, unsure, found, mutants] = [0, 0, 0, 0];
  const rounds = new Map<string, Rounds>();
  for (let run = 1; run <= runs; run++) {
    const labs = await beside(
      load,
      () => cellsOf(["task", "labs", "pool", "gil", "--json"]),
    );
    addRounds(rounds, labs);
    const kinds = labs.map(({ verdict }) => verdict);
    if (kinds.includes("differs")) wronged++;
    if (kinds.includes("inconclusive")) unsure++;
    const broken = await cellsOf([
      ...["run", "--no-check", "--allow-run=deno", "--allow-sys=cpus"],
      ...["--allow-read", "tests/support/mutant_run.ts", `${run}`, `${load}`],
    ]);
    const judged = broken.filter(isMutant);
    mutants += judged.length;
    found += judged.filter(({ verdict }) => verdict === "differs").length;
  }
  console.log(
    `beside ${load} busy programs: ${wronged} of ${runs} runs with a false ` +
      `"differs", ${unsure} with an "inconclusive"; ${found} of ${mutants} ` +
      "mutants found",
  );
  for (const [id, { count, ratios, concurrencies, expected }] of rounds) {
    console.log(
      `  ${id}: ${range(ratios)} times faster in ${count} rounds, asked is ` +
        `${expected.split(":")[0]}; ${range(concurrencies)} threads at once`,
    );
  }
}
