// The runner, on labs that take no time. Their names tell what they do.

import { program } from "../../labs/runner/program.ts";

const command = "deno run --no-check --allow-run=deno " +
  "tests/support/runner_fake_lab.ts";

function fakeLab(lab: string, rules = ["seconds", "order:exact"]) {
  const record = {
    lab,
    sentence: { cell: `${lab}:2`, text: "It slept *" },
    cells: [
      { id: `${lab}:1`, source: "", output: "", seconds: null, rules: [] },
      {
        id: `${lab}:2`,
        source: "print()",
        output: "a\nb\nc\nFinished in 1.0 seconds",
        seconds: 1,
        rules,
        time: { sleeps: true },
      },
    ],
    own: [`${lab}:own`],
  };
  return { lab, command: [...command.split(" "), lab], record };
}

const names = "good wrong broken slow holding forging huge long";
const labs = [
  ...names.split(" ").map((name) => fakeLab(name)),
  fakeLab("unused", ["ids", "seconds"]),
  fakeLab("malformed", ["odd"]),
];

Deno.exit(await program(Deno.args, labs));
