// Copyright 2026 the lab9 authors. MIT license.

const here = (file: string) => new URL(file, import.meta.url).pathname;

/** Starts a host for each number, with so many workers. */
export async function startHosts(
  url: string,
  name: string,
  workers: number[],
): Promise<AsyncDisposable[]> {
  return await Promise.all(workers.map((count) => startHost(url, name, count)));
}

async function startHost(
  url: string,
  name: string,
  workers: number,
): Promise<AsyncDisposable> {
  const process = new Deno.Command("deno", {
    args: [
      ["run", "--quiet", "--no-prompt", "--no-check"],
      ["--config", here("../../labs/cluster/deno.json")],
      ["--allow-net", "--allow-env", "--allow-read"],
      [here("host.ts"), String(workers), url, here("work.ts"), "--name", name],
    ].flat(),
    stdin: "null",
    stdout: "piped",
  }).spawn();
  const reader = process.stdout.getReader();
  // Its first line says that it has joined.
  if ((await reader.read()).done) throw new Error("A host has ended at once");
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
