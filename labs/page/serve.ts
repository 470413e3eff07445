// Copyright 2026 the lab9 authors. MIT license.

/**
 * Serves the labs' page to this machine.
 *
 *     deno task serve --port 8000
 *
 * @module
 */

import { parseArgs } from "node:util";
import { mistakeIn } from "../notebook/flags.ts";
import { buildPage } from "./build.ts";
import { handlerFor } from "./server.ts";

const HOSTNAME = "127.0.0.1";
const PORT = 8000;

const HELP = `Serves the labs' page to this machine.

Usage:
  deno task serve [--port PORT]

Flags:
  --port PORT  Where: 1 to 65535, or 0 for any that is free (default ${PORT})
  -h, --help   Prints this text`;

function fail(message: string): never {
  console.error(message);
  Deno.exit(2);
}

function readPort(args: string[]): number | undefined {
  const see = "See deno task serve --help";
  const flags = { string: ["port"], boolean: ["help"] };
  const mistake = mistakeIn(args, flags);
  if (mistake !== undefined) fail(`${mistake}\n\n${see}`);
  const { values: { port: text, help }, positionals: [stray] } = parseArgs({
    args,
    allowPositionals: true,
    options: {
      port: { type: "string", default: `${PORT}` },
      help: { type: "boolean", short: "h" },
    },
  });
  if (help) return undefined;
  if (stray !== undefined) {
    fail(
      `Unknown argument '${stray}': a port is chosen by --port\n\n${see}`,
    );
  }
  const port = Number(text);
  if (/^\d{1,5}$/.test(text) && port < 65_536) return port;
  fail(`Cannot serve on port '${text}': it must be a number from 0 to 65535`);
}

const port = readPort(Deno.args);
if (port === undefined) {
  console.log(HELP);
  Deno.exit(0);
}

const handler = await handlerFor(
  await buildPage().catch((error) => fail(error.message)),
);
try {
  Deno.serve({
    hostname: HOSTNAME,
    port,
    handler,
    onListen: ({ hostname, port }) =>
      console.log(`The labs are at http://${hostname}:${port}/`),
  });
} catch (error) {
  const isTaken = error instanceof Deno.errors.AddrInUse;
  const why = isTaken ? "it is taken" : (error as Error).message;
  fail(`Cannot serve on port ${port}: ${why}, choose another with --port`);
}
