// Copyright 2026 the lab9 authors. MIT license.

/**
 * Writes the labs' page as files for any web host. A service worker sets the
 * headers that shared memory needs, and keeps the files for when there is no
 * network.
 *
 *     deno task site DIR
 *
 * @module
 */

import { join, resolve } from "node:path";
import {
  SEAL,
  WriteError,
  writeMade,
  type WriteMadeOptions,
} from "../files/made.ts";
import { mistakeIn } from "../notebook/flags.ts";
import { buildPage, ISOLATION } from "./build.ts";

const HELP = `Writes the labs' page as files for any web host.

Usage:
  deno task site DIR [--force]

Flags:
  --force     Writes over files that are there, also changed ones
  -h, --help  Prints this text`;

/**
 * Writes the page's files.
 *
 * @param folder Where to; it is made if it isn't there.
 * @param options Whether to write over files that are there.
 * @returns How many files there are.
 * @throws {WriteError} If there is a file that an earlier run hasn't made, or that
 * was changed since.
 */
export async function writeSite(
  folder: string,
  options?: WriteMadeOptions,
): Promise<number> {
  const files = await buildPage(
    '<script type="module" src="register.js"></script>',
  );
  const read = (name: string) => Deno.readFile(new URL(name, import.meta.url));
  const type = "text/javascript";
  files.set("register.js", { type, bytes: await read("register.js") });
  const all = [...files.values()].flatMap(({ bytes }) => [...bytes]);
  const hash = await crypto.subtle.digest("SHA-256", new Uint8Array(all));
  const version = new Uint8Array(hash).toHex().slice(0, 16);
  const head = `const FILES = ${JSON.stringify([...files.keys()])};\n` +
    `const VERSION = "${version}";\n` +
    `const HEADERS = ${JSON.stringify(ISOLATION)};\n`;
  const worker = new TextDecoder().decode(await read("service_worker.js"));
  const bytes = new TextEncoder().encode(head + worker);
  files.set("service_worker.js", { type, bytes });
  const texts = [...files].map(([path, { bytes }]) =>
    [join(folder, path), textToSeal(path, bytes)] as const
  );
  await writeMade(new Map(texts), options);
  return files.size;
}

/** A file's text with a comment that holds its seal. */
function textToSeal(path: string, bytes: Uint8Array<ArrayBuffer>): string {
  const text = new TextDecoder().decode(bytes);
  return path.endsWith(".html")
    ? `${text}<!-- ${SEAL} -->\n`
    : `/* ${SEAL} */\n${text}`;
}

if (import.meta.main) {
  const flags = { string: [], boolean: ["force", "help"] };
  const mistake = mistakeIn(Deno.args, flags);
  if (mistake !== undefined) {
    console.error(`${mistake}\n\n${HELP}`);
    Deno.exit(2);
  }
  const force = Deno.args.includes("--force");
  const [folder, ...others] = Deno.args.filter((arg) => arg !== "--force");
  if (Deno.args.includes("--help") || Deno.args.includes("-h")) {
    console.log(HELP);
    Deno.exit();
  }
  if (!folder || others.length > 0) {
    console.error(`Cannot write the page: name one folder\n\n${HELP}`);
    Deno.exit(2);
  }
  const here = Deno.env.get("INIT_CWD") ?? Deno.cwd();
  try {
    const count = await writeSite(resolve(here, folder), { force });
    console.log(`Wrote ${count} files to ${folder}`);
  } catch (error) {
    const { message } = error as Error;
    const isWrite = error instanceof WriteError;
    console.error(isWrite ? message : `Cannot write ${folder}: ${message}`);
    Deno.exit(isWrite ? 2 : 1);
  }
}
