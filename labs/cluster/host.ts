// Copyright 2026 the lab9 authors. MIT license.

import { fileURLToPath } from "node:url";

const pathOf = (file: string) => fileURLToPath(new URL(file, import.meta.url));

/**
 * Starts a host as `deno task worker` does, and waits until it has joined.
 *
 * @param signal Ends it.
 */
export async function startHost(
  url: string,
  name: string,
  signal: AbortSignal,
): Promise<AsyncDisposable> {
  const process = new Deno.Command("deno", {
    args: [
      ["run", "--quiet", "--no-prompt"],
      ["--config", pathOf("deno.json")],
      ["--allow-net", "--allow-env", "--allow-read", "--allow-sys=hostname"],
      [pathOf("../../lib/cluster.ts"), url, pathOf("taylor.ts")],
      ["--name", name],
    ].flat(),
    stdin: "null",
    stdout: "piped",
  }).spawn();
  // Without its store a host would take its time to leave.
  const end = () => {
    try {
      process.kill("SIGKILL");
    } catch (error) {
      // Ctrl-C has ended it already.
      if (!(error instanceof TypeError)) throw error;
    }
  };
  signal.addEventListener("abort", end);
  const output = process.stdout.pipeThrough(new TextDecoderStream());
  const reader = output.getReader();
  const { done } = await reader.read();
  if (done) throw new Error("A host has ended before it has joined");
  // What it says later is for nobody.
  const rest = (async () => {
    while (!(await reader.read()).done);
  })();
  return {
    async [Symbol.asyncDispose]() {
      signal.removeEventListener("abort", end);
      process.kill("SIGTERM");
      await process.status;
      await rest;
    },
  };
}
