/** Stores that end in the middle, and cables that are cut. */

import { assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { delay } from "@std/async/delay";
import { noteAndWait } from "./support/functions.ts";
import { Program, startHost } from "./support/hosts.ts";
import { leftIn } from "./support/left.ts";
import { Proxy } from "./support/proxy.ts";
import { connectQuickly } from "./support/quick.ts";
import { type Server, storeTest } from "./support/stores.ts";

// Trouble with the store is told, as it should.
console.warn = () => {};

const main = new URL("support/ending_main.ts", import.meta.url).pathname;

const items = Array.from({ length: 60 }, (_, i) => [i, 0.1] as const);
const expected = items.map(([i]) => i);

/** Resolves to what a map gives while something happens in its middle. */
async function mapDuring(
  url: string,
  server: Server,
  happens: () => Promise<void>,
): Promise<void> {
  const host = await startHost(url, "outage", { quick: true });
  {
    await using pool = await connectQuickly(url, { name: "outage" });
    const told: number[] = [];
    const map = pool.map(noteAndWait, items, {
      chunkSize: 1,
      onProgress: (done) => told.push(done),
    });
    await host.line("begun", 5);
    await happens();
    assertEquals(await map, expected);
    assertEquals(told, expected.map((i) => i + 1));
  }
  host.kill("SIGTERM");
  assertEquals(await host.end(), 0);
  assertEquals(await leftIn(server), []);
}

storeTest("the store is restarted", async (server) => {
  await mapDuring(server.url, server, async () => {
    await server.stop();
    await server.start();
  });
});

storeTest("the network is cut for ten seconds", async (server) => {
  using proxy = new Proxy(server.port);
  const url = server.url.replace(String(server.port), String(proxy.port));
  await mapDuring(url, server, async () => {
    proxy.cut();
    await delay(10_000);
    proxy.mend();
  });
});

/** What a host prints that has left without an answer of the store. */
const NO_ANSWER =
  "the store didn't answer. The locks of this worker's chunks run out";

storeTest("a host and a pool end without their store", async (server) => {
  const { url } = server;
  await using host = await startHost(url, "gone", { quick: true });
  const pool = await connectQuickly(url, { name: "gone" });
  const long = pool.apply(noteAndWait, [[0, 3600]]);
  await host.line("begun 0");
  await server.stop();
  host.kill("SIGTERM");
  const rejected = assertRejects(() => long, DOMException, "terminated");
  await pool.terminate();
  await rejected;
  assertEquals(await host.end(), 0);
  assertStringIncludes(host.output, NO_ANSWER);
  await server.start();
});

storeTest("a program ends without its store", async (server) => {
  await using program = new Program([main, server.url, "gone"]);
  await program.line("connected");
  await server.stop();
  program.kill("SIGUSR1");
  assertEquals(await program.end(), 0);
  await server.start();
});

storeTest("a host that leaves waits for a restart", async (server) => {
  const { url } = server;
  await using host = await startHost(url, "back", { quick: true });
  {
    await using pool = await connectQuickly(url, { name: "back" });
    const call = pool.apply(noteAndWait, [[0, 1]]);
    await host.line("begun 0");
    await server.stop();
    host.kill("SIGTERM");
    await host.line("leaving");
    await server.start();
    assertEquals(await call, 0);
  }
  assertEquals(await host.end(), 0);
  assertEquals(host.output.includes(NO_ANSWER), false, host.output);
  assertEquals(await leftIn(server), []);
});
