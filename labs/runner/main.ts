// Copyright 2026 the lab9 authors. MIT license.

/**
 * Runs the labs and tells whether the notebook was reproduced.
 *
 *     deno task labs
 *
 * Read permission is for `--watch`, write permission for the files that
 * `--junit`, `--svg`, `--trace` and `--report` name.
 *
 * @module
 */

import { setColorEnabled } from "@std/fmt/colors";
import config from "../../deno.json" with { type: "json" };
import { program } from "./program.ts";
import { recordedLabs } from "./judge/record.ts";

const tasks: Record<string, { command: string }> = config.tasks;

// Each lab is run as its own task does, with that task's permissions.
const labs = recordedLabs.map((lab) => ({
  ...lab,
  command: tasks[`lab:${lab.lab}`].command.split(" "),
  file: new URL(`../../labs/recorded/${lab.lab}.json`, import.meta.url),
}));

const force = Deno.env.get("FORCE_COLOR") ?? "";
setColorEnabled(
  force !== "" ? force !== "0" : !Deno.noColor && Deno.stdout.isTerminal(),
);

Deno.exit(await program(Deno.args, labs));
