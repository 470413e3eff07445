// Copyright 2026 the lab9 authors. MIT license.

/**
 * Makes the page's files: the labs with the library, and the page itself, each
 * bundled by `deno bundle`.
 *
 * @module
 */

import { interrupts } from "../runner/run/signals.ts";

/** A file of the page. */
export interface PageFile {
  type: string;
  bytes: Uint8Array<ArrayBuffer>;
}

/** The page's files, by their paths in it. */
export type PageFiles = Map<string, PageFile>;

const TYPES: Record<string, string> = {
  css: "text/css; charset=utf-8",
  html: "text/html; charset=utf-8",
  js: "text/javascript; charset=utf-8",
};

/**
 * What the page and its workers may load: its own files, and what it has made. It
 * lets nothing out: nothing connects to anything.
 */
const POLICY = [
  "default-src 'none'",
  "script-src 'self' blob:",
  "worker-src 'self' blob:",
  "style-src 'self' 'unsafe-inline'",
  "connect-src 'none'",
  "img-src 'self' data:",
  "base-uri 'none'",
  "form-action 'none'",
].join("; ");

/** What has the right to shared memory, and to nothing of other origins. */
export const ISOLATION: Record<string, string> = {
  "content-security-policy": POLICY,
  "cross-origin-opener-policy": "same-origin",
  "cross-origin-embedder-policy": "require-corp",
  "cross-origin-resource-policy": "same-origin",
};

const here = new URL("./", import.meta.url);
const LABS = ["threads", "queue", "pool", "gil", "deadlock", "race"];
/** What edited code is served by, and what it may import. */
const EDITED = ["edited", "cells", "concurrency", "explore", "python"];
/** What the explorer's workers load before the library: it gets a file of its own. */
const FIRST = "instrument";

/** What is bundled: once, however often the files are made. */
let bundled: Promise<PageFiles> | undefined;

/**
 * Makes the page's files. Ctrl-C ends the process, and leaves no file behind.
 *
 * @param scripts What the page loads before its own script, as HTML.
 * @returns The files; `index.html` is the page.
 * @throws {Error} If they can't be bundled.
 */
export async function buildPage(scripts = ""): Promise<PageFiles> {
  const files = new Map(await (bundled ??= bundleAll()));
  const encoder = new TextEncoder();
  const report = await Deno.readTextFile(file("../runner/draw/page.css"));
  const own = await Deno.readTextFile(file("page.css"));
  add(files, "page.css", encoder.encode(`${report}\n${own}`));
  const page = (await Deno.readTextFile(file("index.html")))
    .replace("<!-- policy -->", POLICY)
    .replace("<!-- scripts -->", scripts);
  add(files, "index.html", encoder.encode(page));
  return files;
}

async function bundleAll(): Promise<PageFiles> {
  const files: PageFiles = new Map();
  using interrupt = interrupts();
  const { signal } = interrupt;
  const folder = await Deno.makeTempDir();
  try {
    const labs = [...LABS, ...EDITED, FIRST].map((lab) =>
      file(`lab/${lab}.ts`)
    );
    // All have ended before the folder goes, or one would make it again.
    const bundles = await Promise.allSettled([
      ["--code-splitting", "--outdir", `${folder}/labs`, ...labs],
      ["--output", `${folder}/page.js`, file("ui/main.tsx")],
      ["--output", `${folder}/editor.js`, file("editor/editor.ts")],
    ].map((args) => bundle(args, signal)));
    for (const made of bundles) {
      if (made.status === "rejected") throw made.reason;
    }
    for (const name of ["page.js", "editor.js"]) {
      add(files, name, await Deno.readFile(`${folder}/${name}`));
    }
    for await (const { name } of Deno.readDir(`${folder}/labs`)) {
      add(files, `labs/${name}`, await Deno.readFile(`${folder}/labs/${name}`));
    }
  } finally {
    await Deno.remove(folder, { recursive: true });
    if (signal.aborted) Deno.exit(signal.reason);
  }
  return files;
}

function add(
  files: PageFiles,
  path: string,
  bytes: Uint8Array<ArrayBuffer>,
): void {
  const type = TYPES[path.slice(path.lastIndexOf(".") + 1)];
  files.set(path, { type, bytes });
}

function file(path: string): string {
  return decodeURIComponent(new URL(path, here).pathname);
}

async function bundle(args: string[], signal: AbortSignal): Promise<void> {
  const { success, stderr } = await new Deno.Command("deno", {
    args: [
      ...["bundle", "--quiet", "--platform", "browser", "--minify"],
      ...["--keep-names", "--config", file("deno.json"), ...args],
    ],
    stdin: "null",
    stdout: "null",
    signal,
  }).output();
  if (success) return;
  throw new Error(
    `Cannot bundle the page: ${new TextDecoder().decode(stderr).trim()}`,
  );
}
