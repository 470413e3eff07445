// The runner, on labs that take no time. Their names tell what they do.

import { program } from "../../labs/runner/program.ts";

const command = "deno run --no-check --allow-run=deno " +
  "tests/support/runner_fake_lab.ts";

function fakeLab(lab: string, rules = ["seconds", "order:exact"]) {
  return {
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
    command: [...command.split(" "), lab],
  };
}

const labs = [
  ...["good", "wrong", "broken", "slow"].map((name) => fakeLab(name)),
  fakeLab("unused", ["ids", "seconds"]),
  fakeLab("malformed", ["odd"]),
];

Deno.exit(await program(Deno.args, labs));
