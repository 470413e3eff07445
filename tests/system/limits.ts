/**
 * The program behind `deno task limits`: what the tests of the limits run, at
 * full size.
 *
 * @module
 */

import { argsOf, limitList } from "../support/limit_list.ts";

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
