/** What is refused, with which words, and what no word shows. */

import {
  assert,
  assertEquals,
  assertRejects,
  assertStringIncludes,
} from "@std/assert";
import { expose } from "@lab9/concurrency";
import { ClusterPool } from "@lab9/concurrency/cluster";
import { kinds, type Server, startServer } from "./support/stores.ts";
import { flags, functions, Program, startHost } from "./support/hosts.ts";
import { leftIn } from "./support/left.ts";
import * as fns from "./support/functions.ts";

/** A function that no host serves. */
export function unserved(): void {}
expose(import.meta, { unserved });

type Step = (server: Server) => Promise<void>;
const steps = new Map<string, Step>();

/** Does something with a server of each kind; see the end of this file. */
function storeStep(name: string, step: Step): void {
  steps.set(name, step);
}

const root = new URL("../../", import.meta.url);
const program = new URL("lib/cluster.ts", root).pathname;

/** A copy of the functions' module, with other code. */
async function withCopy(
  change: (folder: string) => Promise<void>,
  run: (module: string) => Promise<void>,
): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    for (const file of ["functions.ts", "helper.ts"]) {
      const from = new URL(`support/${file}`, import.meta.url);
      await Deno.copyFile(from, `${folder}/${file}`);
    }
    await change(folder);
    await run(`${folder}/functions.ts`);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** What is left in a store of one name: others are there, too. */
async function leftOf(server: Server, name: string): Promise<string[]> {
  return (await leftIn(server)).filter((text) => text.includes(name));
}

async function replaceIn(path: string, from: string, to: string) {
  const text = await Deno.readTextFile(path);
  assertStringIncludes(text, from);
  await Deno.writeTextFile(path, text.replace(from, to));
}

storeStep(
  "a host of the same code elsewhere takes the work",
  async (server) => {
    await withCopy(async () => {}, async (module) => {
      await using _host = await startHost(server.url, "copy", { module });
      await using pool = await ClusterPool.connect(server.url, {
        name: "copy",
      });
      assertEquals(await pool.map(fns.square, [1, 2]), [1, 4]);
      assertEquals(await pool.apply(fns.call, [fns.square, 5]), 25);
    });
  },
);

storeStep("a host with changed code refuses the work", async (server) => {
  const changes = {
    "functions.ts": ["return x * x;", "return x + x;"],
    // What the module imports counts, too.
    "helper.ts": ["return x;", "return -x;"],
  } as const;
  for (const [file, [from, to]] of Object.entries(changes)) {
    await withCopy(
      (folder) => replaceIn(`${folder}/${file}`, from, to),
      async (module) => {
        const name = file.replace(".ts", "");
        await using _host = await startHost(server.url, name, { module });
        await using pool = await ClusterPool.connect(server.url, { name });
        for (
          const call of [
            () => pool.map(fns.square, [1, 2]),
            () => pool.apply(fns.square, [1]),
          ]
        ) {
          const error = await assertRejects(call, TypeError);
          assertStringIncludes(error.message, "Cannot run 'square': the host ");
          assertStringIncludes(
            error.message,
            " refuses it, since it doesn't serve 'functions.ts', or the file " +
              "or what it imports isn't the same there",
          );
        }
      },
    );
  }
});

storeStep("what a host doesn't serve is refused", async (server) => {
  await using _host = await startHost(server.url, "unserved");
  await using pool = await ClusterPool.connect(server.url, {
    name: "unserved",
  });
  await assertRejects(
    () => pool.apply(unserved, []),
    TypeError,
    "it doesn't serve 'refusals_test.ts'",
  );
  // Also of what comes along.
  await assertRejects(
    () => pool.apply(fns.echo, [unserved]),
    TypeError,
    "it doesn't serve 'refusals_test.ts'",
  );
  assertEquals(await pool.apply(fns.square, [3]), 9);
});

storeStep("pools on one store don't see each other", async (server) => {
  await using _one = await startHost(server.url, "one");
  await using one = await ClusterPool.connect(server.url, { name: "one" });
  await using again = await ClusterPool.connect(server.url, { name: "one" });
  await using two = await ClusterPool.connect(server.url, { name: "two" });
  // Two of one name share hosts, and have answers of their own.
  const numbers = Array.from({ length: 50 }, (_, i) => i);
  const [here, there] = await Promise.all([
    one.map(fns.square, numbers, { chunkSize: 1 }),
    again.starmap(fns.power, numbers.map((x) => [x, 3] as const)),
  ]);
  assertEquals(here, numbers.map((x) => x ** 2));
  assertEquals(there, numbers.map((x) => x ** 3));
  // The other's name has no host.
  const error = await two.apply(fns.square, [3], { timeout: 1 })
    .catch((error) => error);
  assertEquals(error.name, "TimeoutError");
  assertEquals(two.stats().workers, 0);
  assert(one.stats().workers > 0);
});

storeStep("what is too large is split, or refused", async (server) => {
  // PostgreSQL takes its time with so much, and does nothing else about it.
  if (server.kind === "postgres") return;
  await using _host = await startHost(server.url, "large");
  await using pool = await ClusterPool.connect(server.url, { name: "large" });
  const mebibyte = 1 << 20;
  const parts = [6, 7, 7, 7].map((size) => new Uint8Array(size * mebibyte));
  const sizes = await pool.map(fns.size, parts, { chunkSize: 4 });
  assertEquals(sizes, parts.map(({ length }) => length));
  const settled = await pool.map(fns.size, parts, {
    chunkSize: 4,
    settled: true,
  });
  assertEquals(
    settled.map((result) => result.status === "fulfilled" && result.value),
    sizes,
  );
  const tooLarge = new Uint8Array(25 * mebibyte);
  await assertRejects(
    () => pool.apply(fns.size, [tooLarge]),
    RangeError,
    "Cannot send the arguments to another machine: encoded it has 26 MiB, " +
      "more than 24",
  );
  await assertRejects(
    () => pool.map(fns.size, [tooLarge]),
    RangeError,
    "Cannot send an item to another machine",
  );
  await assertRejects(
    () => pool.apply(fns.big, [25 * mebibyte]),
    RangeError,
    "Cannot send what the function returns to another machine",
  );
});

storeStep("a password never appears", async (server) => {
  const secret = "hunter2-of-tests";
  const url = withPassword(server.url, secret);
  const host = await startHost(url, "secret", { args: ["--metrics"] });
  {
    await using pool = await ClusterPool.connect(url, { name: "secret" });
    const waits = pool.map(fns.wait, [0.5, 0.5, 0.5, 0.5, 0.5, 0.5]);
    const stored = (await leftIn(server)).join("\n");
    assert(!stored.includes(secret) && !stored.includes(url), stored);
    // Neither do paths of this machine.
    assert(!stored.includes(root.pathname), stored);
    await waits;
  }
  host.kill("SIGTERM");
  assertEquals(await host.end(), 0);
  assert(!host.output.includes(secret), host.output);
});

/** Redis without one warns of a password, PostgreSQL trusts everybody here. */
function withPassword(url: string, password: string): string {
  const parsed = new URL(url);
  if (parsed.protocol === "redis:") parsed.username = "default";
  parsed.password = password;
  return parsed.href;
}

Deno.test("connecting says what is wrong, and no password", async () => {
  const { connect } = ClusterPool;
  const secret = "hunter2";
  for (
    const [url, options, kind, message] of [
      [3, {}, TypeError, "the URL must be a string, received number"],
      [`redis://:${secret}@[`, {}, TypeError, "the URL of its store is not"],
      [`redis://:${secret}%@x`, {}, TypeError, "the URL of its store is not"],
      [`redis://%4:${secret}@x`, {}, TypeError, "the URL of its store is not"],
      [`mysql://:${secret}@x`, {}, TypeError, "must begin with redis://"],
      ["redis://x", { name: 3 }, TypeError, "name must be a string"],
      ["redis://x", { name: "a:b" }, RangeError, 'received "a:b"'],
      ["redis://x", { maxsize: 0 }, RangeError, "maxsize must be a positive"],
      ["redis://x", 3, TypeError, "options must be an object"],
    ] as const
  ) {
    const error = await assertRejects(
      () => connect(url as string, options as Record<string, never>),
      kind,
      `Cannot connect pool: `,
    );
    assertStringIncludes(error.message, message);
    assert(!error.message.includes(secret));
  }
});

Deno.test({
  name: "a store that isn't there is told of, without the password",
  ignore: !kinds.includes("redis"),
  sanitizeOps: false,
  sanitizeResources: false,
  async fn() {
    let server: Server;
    {
      await using started = await startServer("redis");
      server = started;
    }
    for (const scheme of ["redis", "postgres"]) {
      const url = `${scheme}://x:hunter2@127.0.0.1:${server.port}/0`;
      const error = await assertRejects(
        () => ClusterPool.connect(url),
        Error,
        `Cannot connect pool at ${scheme}://127.0.0.1:${server.port}/0: `,
      );
      assert(!Deno.inspect(error).includes("hunter2"), Deno.inspect(error));
    }
  },
});

Deno.test("a program whose lockfile lacks BullMQ is told", async () => {
  const config = new URL("deno.json", root).pathname;
  const options = [`--config=${config}`, "--frozen"];
  await using process = new Program([
    ...options,
    new URL("support/connect.ts", import.meta.url).pathname,
  ]);
  assertEquals(await process.end(), 1);
  assertStringIncludes(
    process.output,
    "Cannot connect pool: BullMQ and its driver can't be loaded: The lockfile " +
      "is out of date",
  );
});

Deno.test("the worker's program says what is wrong", async () => {
  const folder = await Deno.makeTempDir();
  // These mean something else in a URL.
  const odd = `${folder}/a #1? 50%25.ts`;
  await Deno.writeTextFile(odd, "export {};\n");
  const cases: [args: string[], message: string][] = [
    [[], "error: Cannot join pools: name the URL of the store"],
    [["redis://x"], "error: Cannot join pools: name a module that exposes"],
    [
      ["redis://x", "y.ts", "--fast"],
      "error: Unknown flag '--fast': the flags",
    ],
    [["redis://x", "y.ts", "--name", "a b"], 'received "a b"'],
    [["redis://x", "y.ts", "--name"], "Cannot take --name without a value"],
    [
      ["redis://x", "y.ts", "--name", "--metrics"],
      "Cannot take --name without",
    ],
    [["redis://x", "nowhere.ts"], "Module not found"],
    [["x://:hunter2@y", functions], "must begin with redis://"],
    [["redis://x", "lib/checks.ts"], "lib/checks.ts exposes nothing"],
    [["redis://x", odd], `${odd} exposes nothing`],
  ];
  await Promise.all(cases.map(async ([args, message]) => {
    await using process = new Program([program, ...args], {
      INIT_CWD: root.pathname,
    });
    // After a mistake in the command line it shows its usage.
    const isUsage = args.length < 2 || args[1] === "y.ts";
    assertEquals(await process.end(), isUsage ? 2 : 1);
    assertEquals(process.output.includes("Usage:"), isUsage);
    assertStringIncludes(process.output, message);
    assert(!process.output.includes("hunter2"), process.output);
  }));
  await Deno.remove(folder, { recursive: true });
  assert(flags.length > 0);
});

storeStep("a host ends in good order", async (server) => {
  const host = await startHost(server.url, "order", { args: ["--metrics"] });
  {
    await using pool = await ClusterPool.connect(server.url, {
      name: "order",
    });
    const calls = [[0, 2], [1, 2]].map((item) =>
      pool.apply(fns.noteAndWait, [item as [number, number]])
    );
    await host.line("begun", 2);
    host.kill("SIGTERM");
    // It finishes what it has begun.
    assertEquals(await Promise.all(calls), [0, 1]);
    assertEquals(await host.end(), 0);
  }
  assertStringIncludes(host.output, "joined 'order'");
  assertStringIncludes(host.output, "left after 2 chunks, 0 errors");
  const metrics = /chunks=2 chunks_per_second=\d+\.\d\d running=0 errors=0/;
  assert(metrics.test(host.output), host.output);
  assertEquals(await leftOf(server, "order"), []);
});

for (const kind of kinds) {
  Deno.test({
    name: `refusals over ${kind}`,
    // The drivers of stores close their timers in their own time.
    sanitizeOps: false,
    sanitizeResources: false,
    async fn(t) {
      await using server = await startServer(kind);
      for (const [name, step] of steps) await t.step(name, () => step(server));
    },
  });
}
