// Copyright 2026 the lab9 authors. MIT license.

/**
 * Runs the labs and compares them with the notebook.
 *
 *     deno task labs
 *
 * It needs the permission to read for the records, for `--watch`, and for the files that
 * `--junit`, `--svg`, `--trace` and `--report` would overwrite; and the permission to write
 * for these four. By the permission `--allow-sys=cpus` it measures how much of the
 * processors other programs use.
 *
 * @module
 */

import { setColorEnabled } from "@std/fmt/colors";
import config from "../../deno.json" with { type: "json" };
import { program } from "./program.ts";

const tasks: Record<string, { command: string }> = config.tasks;

// Each lab runs with the command of its own task, and so with the task's permissions.
const OWN = ["deadlock", "race"];
const labs = ["threads", "queue", "pool", "gil", ...OWN].map((lab) => ({
  lab,
  command: tasks[`lab:${lab}`].command.split(" "),
  record: new URL(`../recorded/${lab}.json`, import.meta.url),
  isOwn: OWN.includes(lab),
}));

// Labs that `deno task import` has made of other notebooks have no task. Systems and
// editors may leave files beside their records, such as .DS_Store.
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
