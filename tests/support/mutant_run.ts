// Runs the cells of mutant_lab.ts as the runner does. Arguments: a seed, how
// many other programs compute meanwhile, and which of the mutants: the "even" ones,
// the "odd" ones, or the one that "hangs".

import { program } from "../../labs/runner/program.ts";
import { halfOf, recordOf, SOUND } from "./mutants.ts";

const [seed, load, which] = Deno.args;
const hangs = which === "hangs" ? which : "";

const busy = Array.from(
  { length: Number(load) },
  () =>
    new Deno.Command("deno", {
      args: ["eval", "while (true);"],
      ...{ stdin: "null", stdout: "null", stderr: "null" },
    }).spawn(),
);

const names = hangs === ""
  ? [...SOUND, ...halfOf(which as "even" | "odd")]
  : ["loop", "lock_never_let_go"];
const labs = [{
  lab: "mutants",
  command: [
    ...["deno", "run", "--no-check", "--unstable-worker-options"],
    ...["--allow-read", "tests/support/mutant_lab.ts", seed, hangs],
    ...["--cell", names.join(",")],
  ],
  record: recordOf(names),
}];
try {
  Deno.exitCode = await program(["--json"], labs);
} finally {
  for (const child of busy) child.kill("SIGKILL");
}
Deno.exit();
