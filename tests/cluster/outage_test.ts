/** Stores that end in the middle, and cables that are cut. */

import { assertEquals } from "@std/assert";
import { delay } from "@std/async/delay";
import { noteAndWait } from "./support/functions.ts";
import { startHost } from "./support/hosts.ts";
import { leftIn } from "./support/left.ts";
import { Proxy } from "./support/proxy.ts";
import { connectQuickly } from "./support/quick.ts";
import { type Server, storeTest } from "./support/stores.ts";

// Trouble with the store is told, as it should.
console.warn = () => {};

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
