// Serves the project's modules as JavaScript, each at its own URL: what is exposed
// travels by the URL of its module, so the tests can't be one file.

import { stripTypeScriptTypes } from "node:module";
import { ISOLATION } from "../../../labs/page/build.ts";
import { deno } from "./chromium.ts";

const root = new URL("../../../", import.meta.url);
const { imports } = JSON.parse(
  Deno.readTextFileSync(new URL("deno.json", root)),
) as { imports: Record<string, string> };

const PAGE = '<script type="module" src="/tests/page/suites/page.ts"></script>';
const made = new Map<string, Promise<string>>();

/** Answers requests for modules, and for a page that runs files of tests. */
export async function answerModule(request: Request): Promise<Response> {
  const { pathname } = new URL(request.url);
  const headers = { ...ISOLATION, "cache-control": "max-age=3600" };
  if (pathname === "/") {
    return new Response(PAGE, {
      headers: { ...headers, "content-type": "text/html" },
    });
  }
  let text = made.get(pathname);
  if (text === undefined) made.set(pathname, text = moduleOf(pathname));
  try {
    return new Response(await text, {
      headers: { ...headers, "content-type": "text/javascript" },
    });
  } catch {
    return new Response("There is no such module", { status: 404, headers });
  }
}

async function moduleOf(path: string): Promise<string> {
  const file = new URL(`.${path}`, root);
  // It re-exports from npm.
  if (path.startsWith("/vendor/")) return await bundle(file);
  const text = await Deno.readTextFile(file);
  if (path.endsWith(".json")) return text;
  return stripTypeScriptTypes(text, { mode: "transform" })
    // Workers have no import map.
    .replace(
      /((?:from|import)\s*)"(@[^"]+)"/g,
      (whole, before: string, name: string) =>
        name in imports
          ? `${before}"${imports[name].slice(1)}"`
          : name === "@lab9/concurrency"
          ? `${before}"/mod.ts"`
          : whole,
    );
}

async function bundle(file: URL): Promise<string> {
  const output = await Deno.makeTempFile({ suffix: ".js" });
  try {
    const flags = ["--quiet", "--platform", "browser", "--output", output];
    const config = ["--config", new URL("deno.json", root).pathname];
    await deno("bundle", ...flags, ...config, file.pathname);
    return await Deno.readTextFile(output);
  } finally {
    await Deno.remove(output);
  }
}
