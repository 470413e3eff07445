// Copyright 2026 the lab9 authors. MIT license.

/**
 * A lab of our own: past one machine. The notebook's e^x of many numbers, by a
 * pool whose workers are in two other processes, as they could be on two other
 * machines. What they have in common is a Redis or a PostgreSQL. Without a URL the
 * lab starts a Redis of its own.
 *
 *     deno task lab:cluster
 *     deno task lab:cluster redis://127.0.0.1
 */

import { FlagError } from "../notebook/flags.ts";
import { startRedis } from "./redis.ts";

const HELP = `A pool over two other processes: a lab of our own.

Usage: deno task lab:cluster [URL]

  URL     The URL of a Redis or a PostgreSQL: redis://…, rediss://… or
          postgres://… (default: a Redis that the lab starts)
  --help  This text`;

/** The URL that the command line names, if it names one. */
function readUrl(args: string[]): string | undefined {
  const flag = args.find((arg) => arg.startsWith("-"));
  if (flag !== undefined) {
    throw new FlagError(
      `Unknown flag '${flag}': this lab has no cells, and no flag but --help`,
    );
  }
  if (args.length <= 1) return args[0];
  throw new FlagError(`Unknown argument '${args[1]}': name one URL`);
}

/** Deno doesn't see this import, so that --help downloads no package. */
async function run(url: string): Promise<void> {
  const { runLab }: typeof import("./lab.ts") = await import(
    import.meta.resolve("./lab.ts")
  );
  await runLab(url);
}

async function main(args: string[]): Promise<void> {
  if (args.includes("--help") || args.includes("-h")) return console.log(HELP);
  const url = readUrl(args);
  if (url !== undefined) return await run(url);
  await using redis = await startRedis();
  await run(redis.url);
}

if (import.meta.main) {
  try {
    await main(Deno.args);
  } catch (error) {
    const isUsage = error instanceof FlagError;
    const message = Error.isError(error) ? error.message : String(error);
    console.error(isUsage ? message : `error: ${message}`);
    Deno.exitCode = isUsage ? 2 : 1;
  }
}
