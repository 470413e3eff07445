// Copyright 2026 the lab9 authors. MIT license.

const program = new URL("../../lib/cluster.ts", import.meta.url);
const module = new URL("taylor.ts", import.meta.url);

/** Starts a host as `deno task worker` does, and waits until it has joined. */
export async function startHost(
  url: string,
  name: string,
): Promise<AsyncDisposable> {
  const process = new Deno.Command("deno", {
    args: [
      ["run", "--quiet", "--no-prompt"],
      ["--config", new URL("deno.json", import.meta.url).pathname],
      ["--allow-net", "--allow-env", "--allow-read", "--allow-sys=hostname"],
      [program.pathname, url, module.pathname, "--name", name],
    ].flat(),
    stdin: "null",
    stdout: "piped",
  }).spawn();
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
      process.kill("SIGTERM");
      await process.status;
      await rest;
    },
  };
}
