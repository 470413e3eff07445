// Runs the cells of mutant_lab.ts as the runner does. Arguments: a seed, how
// many other programs compute meanwhile, and "hangs" for the cell that hangs.

import { program } from "../../labs/runner/program.ts";
import { MUTANTS, recordOf, SOUND } from "./mutants.ts";

const [seed, load, hangs = ""] = Deno.args;

const busy = Array.from(
  { length: Number(load) },
  () =>
    new Deno.Command("deno", {
      args: ["eval", "while (true);"],
      ...{ stdin: "null", stdout: "null", stderr: "null" },
    }).spawn(),
);

const names = hangs === ""
  ? [...SOUND, ...MUTANTS]
  : ["loop", "lock_never_let_go"];
const labs = [{
  lab: "mutants",
  command: [
    ...["deno", "run", "--no-check", "--unstable-worker-options"],
    ...["--allow-read", "tests/support/mutant_lab.ts", seed, hangs],
    ...hangs === "" ? [] : ["--cell", names.join(",")],
  ],
  record: recordOf(names),
}];
try {
  Deno.exitCode = await program(["--json"], labs);
} finally {
  for (const child of busy) child.kill("SIGKILL");
}
Deno.exit();
