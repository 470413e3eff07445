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

import { buildPage, ISOLATION } from "./build.ts";

const HELP = `Writes the labs' page as files for any web host.

Usage:
  deno task site DIR`;

/**
 * Writes the page's files.
 *
 * @param folder Where to; it is made if it isn't there.
 * @returns How many files there are.
 */
export async function writeSite(folder: string): Promise<number> {
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
  await Deno.mkdir(`${folder}/labs`, { recursive: true });
  for (const [path, { bytes }] of files) {
    await Deno.writeFile(`${folder}/${path}`, bytes);
  }
  return files.size;
}

if (import.meta.main) {
  const [folder, ...others] = Deno.args;
  if (folder === undefined || others.length > 0 || folder.startsWith("-")) {
    console.error(HELP);
    Deno.exit(folder === "--help" || folder === "-h" ? 0 : 2);
  }
  const from = `${Deno.env.get("INIT_CWD") ?? Deno.cwd()}/`;
  const target = folder.startsWith("/") ? folder : from + folder;
  try {
    const count = await writeSite(target);
    console.log(`Wrote ${count} files to ${folder}`);
  } catch (error) {
    console.error(`Cannot write ${folder}: ${(error as Error).message}`);
    Deno.exit(1);
  }
}
