// Copyright 2026 the lab9 authors. MIT license.

/**
 * Serves the labs' page to this machine.
 *
 *     deno task serve --port 8000
 *
 * @module
 */

import { parseArgs } from "node:util";
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
  try {
    const { values } = parseArgs({
      args,
      options: {
        port: { type: "string", default: `${PORT}` },
        help: { type: "boolean", short: "h" },
      },
    });
    if (values.help) return undefined;
    const port = Number(values.port);
    if (/^\d{1,5}$/.test(values.port) && port < 65_536) return port;
    fail(
      `Cannot serve on port '${values.port}': it must be a number from 0 to 65535`,
    );
  } catch (error) {
    fail(`${(error as Error).message}\n\nSee deno task serve --help`);
  }
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
