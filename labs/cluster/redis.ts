// Copyright 2026 the lab9 authors. MIT license.

/** A Redis of the lab's own, which ends with it. */
export interface Redis extends AsyncDisposable {
  readonly url: string;
}

/**
 * Starts a Redis on a free port of this machine. It keeps nothing on the disk.
 *
 * @param signal Ends it.
 * @throws {Error} If Redis isn't installed.
 */
export async function startRedis(signal?: AbortSignal): Promise<Redis> {
  const port = freePort();
  const process = spawn(port, signal);
  await reach(port);
  return {
    url: `redis://127.0.0.1:${port}`,
    async [Symbol.asyncDispose]() {
      process.kill("SIGTERM");
      await process.status;
    },
  };
}

function spawn(port: number, signal?: AbortSignal): Deno.ChildProcess {
  try {
    return new Deno.Command("redis-server", {
      args: ["--port", String(port), "--bind", "127.0.0.1", "--save", ""],
      stdin: "null",
      stdout: "null",
      stderr: "null",
      signal,
    }).spawn();
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    throw new Error(
      "This lab needs a Redis: install redis-server (on Debian: apt install " +
        "redis-server), or name one: deno task lab:cluster redis://HOST:PORT",
    );
  }
}

function freePort(): number {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  return listener.addr.port;
}

async function reach(port: number): Promise<void> {
  for (const giveUpAt = performance.now() + 10_000;;) {
    try {
      using _connection = await Deno.connect({ hostname: "127.0.0.1", port });
      return;
    } catch (error) {
      if (performance.now() > giveUpAt) throw error;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }
}
