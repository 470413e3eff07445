/**
 * The program behind `deno task limits`: what the tests of the limits run, at
 * full size.
 *
 * @module
 */

import { argsOf, limitList } from "../support/limit_list.ts";

const HELP =
  `Runs what is large or many at full size, each in a process of its own, and
prints its memory and its time.

Usage: deno task limits

It takes about 12 minutes.`;

if (Deno.args.length > 0) {
  const [arg] = Deno.args;
  if (arg === "--help") {
    console.log(HELP);
    Deno.exit();
  }
  console.error(`Unknown argument '${arg}'\nSee deno task limits --help`);
  Deno.exit(2);
}

for (const limit of limitList) {
  const start = performance.now();
  const { code, stdout } = await new Deno.Command("deno", {
    args: [
      "run",
      "--no-prompt",
      "--allow-read=lib,mod.ts,tests,vendor",
      "tests/support/limits.ts",
      ...argsOf(limit, limit.full),
    ],
    cwd: new URL("../../", import.meta.url),
    stderr: "inherit",
  }).output();
  if (code !== 0) Deno.exit(1);
  const seconds = (performance.now() - start) / 1000;
  const megabytes = new TextDecoder().decode(stdout).trim();
  console.log(
    `${limit.full.toLocaleString("en").padStart(13)} ${
      limit.title.padEnd(40)
    }` +
      `${megabytes.padStart(5)} MB ${seconds.toFixed(1).padStart(5)} s`,
  );
}
