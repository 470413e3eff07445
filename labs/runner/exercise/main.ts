// Copyright 2026 the lab9 authors. MIT license.

/**
 * Runs an exercise's program and checks that it does what it should.
 *
 *     deno task exercise queue-2
 *     deno task exercise queue-2 my_solution.ts
 *
 * @module
 */

import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { green, red, setColorEnabled, yellow } from "@std/fmt/colors";
import { mistakeIn } from "../../notebook/flags.ts";
import { difference } from "../report/differences.ts";
import { interrupts } from "../run/signals.ts";
import { exercises } from "./exercises.ts";
import { check } from "./judge.ts";
import { runProgram } from "./program.ts";

const HELP = `Check an exercise.

Usage: deno task exercise NAME [FILE]

Change labs/exercises/NAME.ts as its first lines say, then run this.

The exercises:
${namesByLab().join("\n")}

Exit codes: 0 it does what it should, 1 not yet, 2 a mistake in the command
line, 4 it can't be decided, since other programs kept the processors busy.`;

const [name, path, ...others] = Deno.args;

const mistake = mistakeIn(Deno.args, { string: [], boolean: ["help"] });
if (mistake !== undefined) {
  console.error(`${mistake}\n\n${HELP}`);
  Deno.exit(2);
}
if (Deno.args.includes("--help") || Deno.args.includes("-h")) {
  console.log(HELP);
  Deno.exit(0);
}
if (name === undefined) {
  console.error(`Cannot check an exercise: name one\n\n${HELP}`);
  Deno.exit(2);
}
if (!Object.hasOwn(exercises, name) || others.length > 0) {
  console.error(
    others.length > 0
      ? `Cannot run more than one file: '${others.join("', '")}'`
      : `Cannot run exercise '${name}': the exercises are ` +
        Object.keys(exercises).join(", "),
  );
  Deno.exit(2);
}

setColorEnabled(!Deno.noColor && Deno.stdout.isTerminal());
const exercise = exercises[name];
const file = path === undefined
  ? `labs/exercises/${name}.ts`
  : await solutionAt(path);
using interrupt = interrupts();
const { isSolved, runs, reason, verdict, hint } = await check(
  exercise,
  () => runProgram(file, interrupt.signal),
);
if (interrupt.signal.aborted) Deno.exit(interrupt.signal.reason);
if (isSolved) {
  const times = runs === 1 ? "" : `, ${runs} times in a row`;
  console.log(green(`✓ ${name} does what it should${times}`));
  Deno.exit(0);
}
if (isSolved === undefined) {
  console.log(yellow(`? ${name}, undecided: ${reason}. Run it again.`));
  Deno.exit(4);
}
const run = (exercise.runs ?? 1) === 1 ? "" : ` in run ${runs}`;
console.log(red(`✗ ${name}, not yet${run}: ${reason}`));
if (verdict !== undefined) {
  for (const line of difference(verdict)) {
    console.log(
      `  ${line.replace(/^([-+]) recorded/, "$1 expected")}`.trimEnd(),
    );
  }
}
if (hint !== undefined) console.log(`Hint: ${hint}`);
Deno.exit(1);

/** The exercises' names, a line a lab. */
function namesByLab(): string[] {
  const labs = Map.groupBy(
    Object.keys(exercises),
    (name) => name.split("-")[0],
  );
  return [...labs.values()].map((names) => `  ${names.join(", ")}`);
}

/** A file of the user's own, by its path from the folder that the task ran in. */
async function solutionAt(path: string): Promise<string> {
  const folder = Deno.env.get("INIT_CWD") ?? Deno.cwd();
  const file = pathToFileURL(resolve(folder, path));
  const info = await Deno.stat(file).catch(() => undefined);
  if (info?.isFile) return file.href;
  console.error(`Cannot run exercise '${name}': there is no file '${path}'`);
  Deno.exit(2);
}
