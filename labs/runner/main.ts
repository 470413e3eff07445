// Copyright 2026 the lab9 authors. MIT license.

/**
 * Runs the labs and compares them with the notebook.
 *
 *     deno task labs
 *
 * Read permission is for the records, `--watch`, and what is there where
 * `--junit`, `--svg`, `--trace` and `--report` write; write permission is for
 * these. The system's figures of its processors tell what other programs do.
 *
 * @module
 */

import { setColorEnabled } from "@std/fmt/colors";
import config from "../../deno.json" with { type: "json" };
import { program } from "./program.ts";

const tasks: Record<string, { command: string }> = config.tasks;

// Each lab is run as its own task does, with that task's permissions.
const OWN = ["deadlock", "race"];
const labs = ["threads", "queue", "pool", "gil", ...OWN].map((lab) => ({
  lab,
  command: tasks[`lab:${lab}`].command.split(" "),
  record: new URL(`../recorded/${lab}.json`, import.meta.url),
  isOwn: OWN.includes(lab),
}));

// Labs of other notebooks, which `deno task import` made, have no task. Beside their
// records may stand what systems and editors leave, such as .DS_Store.
const others = [...Deno.readDirSync(new URL("../recorded/", import.meta.url))]
  .flatMap(({ name }) => /^([a-z]\w*)\.json$/i.exec(name)?.[1] ?? [])
  .filter((name) => labs.every(({ lab }) => lab !== name)).sort();
for (const lab of others) {
  const command = tasks["lab:threads"].command.replace(
    "labs/threads.ts",
    `labs/${lab}.ts`,
  );
  labs.push({
    lab,
    command: command.split(" "),
    record: new URL(`../recorded/${lab}.json`, import.meta.url),
    isOwn: false,
  });
}

const force = Deno.env.get("FORCE_COLOR") ?? "";
setColorEnabled(
  force !== "" ? force !== "0" : !Deno.noColor && Deno.stdout.isTerminal(),
);

Deno.exit(await program(Deno.args, labs));
