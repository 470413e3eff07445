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
import { interrupts } from "../runner/run/signals.ts";
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
async function run(url: string, signal: AbortSignal): Promise<void> {
  const { runLab }: typeof import("./lab.ts") = await import(
    import.meta.resolve("./lab.ts")
  );
  await runLab(url, signal);
}

async function main(args: string[]): Promise<void> {
  if (args.includes("--help") || args.includes("-h")) return console.log(HELP);
  const url = readUrl(args);
  using interrupt = interrupts();
  const { signal } = interrupt;
  // The hosts and the Redis are ended by the same signal, and before this is.
  signal.addEventListener("abort", () => {
    setTimeout(() => Deno.exit(signal.reason));
  });
  if (url !== undefined) return await run(url, signal);
  await using redis = await startRedis(signal);
  await run(redis.url, signal);
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
