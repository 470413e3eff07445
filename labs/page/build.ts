// Copyright 2026 the lab9 authors. MIT license.

/**
 * Makes the page's files: the labs with the library, and the page itself, each
 * bundled by `deno bundle`.
 *
 * @module
 */

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

/**
 * Makes the page's files.
 *
 * @param scripts What the page loads before its own script, as HTML.
 * @returns The files; `index.html` is the page.
 * @throws {Error} If they can't be bundled.
 */
export async function buildPage(scripts = ""): Promise<PageFiles> {
  const files: PageFiles = new Map();
  const add = (path: string, bytes: Uint8Array<ArrayBuffer>) => {
    const type = TYPES[path.slice(path.lastIndexOf(".") + 1)];
    files.set(path, { type, bytes });
  };
  const folder = await Deno.makeTempDir();
  try {
    const labs = [...LABS, ...EDITED, FIRST].map((lab) =>
      file(`lab/${lab}.ts`)
    );
    await Promise.all([
      bundle(["--code-splitting", "--outdir", `${folder}/labs`, ...labs]),
      bundle(["--output", `${folder}/page.js`, file("ui/main.tsx")]),
      bundle(["--output", `${folder}/editor.js`, file("editor/editor.ts")]),
    ]);
    for (const name of ["page.js", "editor.js"]) {
      add(name, await Deno.readFile(`${folder}/${name}`));
    }
    for await (const { name } of Deno.readDir(`${folder}/labs`)) {
      add(`labs/${name}`, await Deno.readFile(`${folder}/labs/${name}`));
    }
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
  const encoder = new TextEncoder();
  const report = await Deno.readTextFile(file("../runner/draw/page.css"));
  const own = await Deno.readTextFile(file("page.css"));
  add("page.css", encoder.encode(`${report}\n${own}`));
  const page = (await Deno.readTextFile(file("index.html")))
    .replace("<!-- policy -->", POLICY)
    .replace("<!-- scripts -->", scripts);
  add("index.html", encoder.encode(page));
  return files;
}

function file(path: string): string {
  return decodeURIComponent(new URL(path, here).pathname);
}

async function bundle(args: string[]): Promise<void> {
  const { success, stderr } = await new Deno.Command("deno", {
    args: [
      ...["bundle", "--quiet", "--platform", "browser", "--minify"],
      ...["--keep-names", "--config", file("deno.json"), ...args],
    ],
    stdin: "null",
    stdout: "null",
  }).output();
  if (success) return;
  throw new Error(
    `Cannot bundle the page: ${new TextDecoder().decode(stderr).trim()}`,
  );
}
