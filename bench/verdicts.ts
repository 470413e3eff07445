// Copyright 2026 the lab9 authors. MIT license.

/**
 * How often a verdict is wrong. Sound labs are run beside no, one and four busy
 * programs, and none of their cells may be called different; so are the broken
 * cells of `tests/support/mutant_lab.ts`, and each must be.
 *
 *     deno task bench:verdicts --runs 5
 *
 * @module
 */

import { parseArgs } from "@std/cli/parse-args";

const HELP =
  `Measures how often a verdict of the runner is wrong, beside no, one and four busy
programs.

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

interface Report {
  labs: { cells: { id: string; verdict: string }[] }[];
}

/** The verdicts of a command that prints them as JSON. */
async function verdictsOf(args: string[]): Promise<[string, string][]> {
  const { stdout } = await new Deno.Command("deno", {
    ...{ args, cwd, stdin: "null", stderr: "null" },
  }).output();
  const { labs }: Report = JSON.parse(new TextDecoder().decode(stdout));
  return labs.flatMap(({ cells }) =>
    cells.map(({ id, verdict }): [string, string] => [id, verdict])
  );
}

/** The verdicts, while so many other programs compute. */
async function beside(
  load: number,
  run: () => Promise<[string, string][]>,
): Promise<[string, string][]> {
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

const isMutant = (id: string) => id.includes("_");

for (const load of [0, 1, 4]) {
  let [wronged, unsure, found, mutants] = [0, 0, 0, 0];
  for (let run = 1; run <= runs; run++) {
    const labs = await beside(
      load,
      () => verdictsOf(["task", "labs", "pool", "gil", "--json"]),
    );
    const kinds = labs.map(([, verdict]) => verdict);
    if (kinds.includes("differs")) wronged++;
    if (kinds.includes("inconclusive")) unsure++;
    const broken = await verdictsOf([
      ...["run", "--no-check", "--allow-run=deno", "--allow-sys=cpus"],
      ...["--allow-read", "tests/support/mutant_run.ts", `${run}`, `${load}`],
    ]);
    const judged = broken.filter(([id]) => isMutant(id));
    mutants += judged.length;
    found += judged.filter(([, verdict]) => verdict === "differs").length;
  }
  console.log(
    `beside ${load} busy programs: ${wronged} of ${runs} runs with a false ` +
      `"differs", ${unsure} with an "inconclusive"; ${found} of ${mutants} ` +
      "mutants found",
  );
}
