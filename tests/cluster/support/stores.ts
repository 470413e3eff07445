/** A Redis and a PostgreSQL of the tests' own, on free ports of this machine. */

import { delay } from "@std/async/delay";

/** A store's server, in a folder of its own. */
export interface Server {
  readonly kind: "redis" | "postgres";
  readonly port: number;
  readonly url: string;
  /** Ends it in good order; what it holds is kept for the next start. */
  stop(): Promise<void>;
  start(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

export function freePort(): number {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  return listener.addr.port;
}

async function output(command: string, args: string[]): Promise<string> {
  const { success, stdout, stderr } = await new Deno.Command(command, {
    args,
    stdin: "null",
  }).output();
  const text = new TextDecoder().decode(stdout);
  if (success) return text;
  throw new Error(
    `${command} failed: ${text}${new TextDecoder().decode(stderr)}`,
  );
}

async function isThere(command: string, args: string[]): Promise<boolean> {
  try {
    await output(command, args);
    return true;
  } catch {
    return false;
  }
}

/** The folder of PostgreSQL's programs, if it is installed. */
function postgresFolder(): string | undefined {
  try {
    const versions = [...Deno.readDirSync("/usr/lib/postgresql")]
      .map(({ name }) => name).sort((a, b) => Number(b) - Number(a));
    return `/usr/lib/postgresql/${versions[0]}/bin`;
  } catch {
    return undefined;
  }
}

const hasRedis = await isThere("redis-server", ["--version"]);
const postgres = postgresFolder();

/** The stores that can be tested here. */
export const kinds: Server["kind"][] = [];
if (hasRedis) kinds.push("redis");
else console.warn("redis-server isn't installed: its tests are skipped");
if (postgres !== undefined) kinds.push("postgres");
else console.warn("postgresql isn't installed: its tests are skipped");

export async function startServer(kind: Server["kind"]): Promise<Server> {
  const server = kind === "redis" ? await makeRedis() : await makePostgres();
  await server.start();
  return server;
}

/** A test with a server of each kind that is installed here, at the same time. */
export function storeTest(
  name: string,
  test: (server: Server) => Promise<void>,
): void {
  Deno.test({
    name: `${name} (${kinds.join(", ")})`,
    ignore: kinds.length === 0,
    // The drivers of stores close their timers in their own time.
    sanitizeOps: false,
    sanitizeResources: false,
    async fn() {
      const tests = await Promise.allSettled(kinds.map(async (kind) => {
        await using server = await startServer(kind);
        await test(server);
      }));
      for (const [i, result] of tests.entries()) {
        if (result.status === "fulfilled") continue;
        throw new Error(`over ${kinds[i]}`, { cause: result.reason });
      }
    },
  });
}

async function makeRedis(): Promise<Server> {
  const folder = await Deno.makeTempDir({ prefix: "lab9-redis-" });
  const port = freePort();
  let process: Deno.ChildProcess | undefined;
  const server: Server = {
    kind: "redis",
    port,
    url: `redis://127.0.0.1:${port}`,
    async start() {
      process = new Deno.Command("redis-server", {
        args: [
          ["--port", String(port), "--bind", "127.0.0.1", "--dir", folder],
          // It keeps what it has when it is ended in good order.
          ["--save", "3600 1", "--daemonize", "no"],
        ].flat(),
        stdin: "null",
        stdout: "null",
        stderr: "null",
      }).spawn();
      await reach(port);
    },
    async stop() {
      process!.kill("SIGTERM");
      await process!.status;
    },
    async [Symbol.asyncDispose]() {
      await server.stop();
      await Deno.remove(folder, { recursive: true });
    },
  };
  return server;
}

async function makePostgres(): Promise<Server> {
  const folder = await Deno.makeTempDir({ prefix: "lab9-postgres-" });
  const port = freePort();
  // It refuses to run as root.
  const isRoot = Deno.uid() === 0;
  const run = (program: string, args: string[]) =>
    isRoot
      ? output("runuser", [
        "-u",
        "postgres",
        "--",
        `${postgres}/${program}`,
        ...args,
      ])
      : output(`${postgres}/${program}`, args);
  if (isRoot) await output("chown", ["postgres", folder]);
  const data = `${folder}/data`;
  await run("initdb", ["-D", data, "-A", "trust", "-U", "lab9", "-N"]);
  const settings = [
    `-p ${port} -k ${folder} -c listen_addresses=127.0.0.1`,
    "-c fsync=off -c max_connections=300",
  ].join(" ");
  const log = `${folder}/log`;
  const server: Server = {
    kind: "postgres",
    port,
    url: `postgres://lab9:secret-of-tests@127.0.0.1:${port}/postgres`,
    async start() {
      await run("pg_ctl", [
        "-D",
        data,
        "-o",
        settings,
        "-l",
        log,
        "-w",
        "start",
      ]);
    },
    async stop() {
      await run("pg_ctl", ["-D", data, "-m", "fast", "-w", "stop"]);
    },
    async [Symbol.asyncDispose]() {
      await server.stop();
      await Deno.remove(folder, { recursive: true });
    },
  };
  return server;
}

/** Waits until something answers at a port. */
async function reach(port: number): Promise<void> {
  const giveUpAt = performance.now() + 30_000;
  for (;;) {
    try {
      using _connection = await Deno.connect({ hostname: "127.0.0.1", port });
      return;
    } catch (error) {
      if (performance.now() > giveUpAt) throw error;
      await delay(20);
    }
  }
}
