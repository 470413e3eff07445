/** Hosts and programs that die in the middle. */

import { assert, assertEquals } from "@std/assert";
import { delay } from "@std/async/delay";
import { noteAndWait } from "./support/functions.ts";
import { type Program, startHost } from "./support/hosts.ts";
import { leftIn } from "./support/left.ts";
import { connectQuickly } from "./support/quick.ts";
import { Program as Main } from "./support/hosts.ts";
import { type Server, storeTest } from "./support/stores.ts";

const main = new URL("support/quick_main.ts", import.meta.url).pathname;

async function killedHost(server: Server): Promise<void> {
  const hosts: Program[] = [];
  await using stack = new AsyncDisposableStack();
  for (let i = 0; i < 2; i++) {
    const host = await startHost(server.url, "killed", { quick: true });
    hosts.push(stack.use(host));
  }
  const pool = stack.use(await connectQuickly(server.url, { name: "killed" }));
  // The first takes so long that its host is killed in its middle.
  const items = Array.from(
    { length: 40 },
    (_, i) => [i, i === 0 ? 3 : 0.05] as const,
  );
  const told: number[] = [];
  const map = pool.map(noteAndWait, items, {
    chunkSize: 1,
    onProgress: (done) => told.push(done),
  });
  const first = hosts.map((host) => host.line("begun 0").then(() => host));
  (await Promise.race(first)).kill("SIGKILL");
  assertEquals(await map, items.map(([i]) => i));
  // Each was answered once, however often it was done.
  assertEquals(told, items.map(([i]) => i + 1));
  const lines = hosts.flatMap(({ output }) => output.split("\n"));
  const begun = lines.filter((line) => line === "begun 0").length;
  assert(begun >= 2, `begun: ${begun}`);
}

async function poison(server: Server): Promise<void> {
  const options = { quick: true };
  let host = await startHost(server.url, "poison", options);
  try {
    await using pool = await connectQuickly(server.url, { name: "poison" });
    const items = [[0, 0], [1, 60], [2, 0], [3, 0]] as const;
    // What runs beside the poison when its host dies would be lost as often.
    const othersDone = Promise.withResolvers<void>();
    const map = pool.map(noteAndWait, items, {
      chunkSize: 1,
      settled: true,
      onProgress: (done) => {
        if (done === 3) othersDone.resolve();
      },
    });
    for (let times = 0; times < 3; times++) {
      // A host that is too slow to keep its lock is lost, too.
      await Promise.race([host.line("begun 1"), map]);
      await othersDone.promise;
      host.kill("SIGKILL");
      await host.end();
      host = await startHost(server.url, "poison", options);
    }
    const results = await map;
    const shown = results.map((result) =>
      result.status === "fulfilled"
        ? result.value
        : `${result.reason.name}: ${result.reason.message}`
    );
    assertEquals(shown, [
      0,
      "WorkerLostError: The task of 'noteAndWait' was given up: it was lost " +
      "with its host 3 times",
      2,
      3,
    ]);
  } finally {
    host.kill("SIGTERM");
    assertEquals(await host.end(), 0);
  }
  await assertSwept(server, "poison");
}

/** Whoever comes removes what those who were killed have left. */
async function assertSwept(server: Server, name: string): Promise<void> {
  {
    await using _pool = await connectQuickly(server.url, { name });
    const giveUpAt = performance.now() + 60_000;
    for (;;) {
      const left = (await leftIn(server)).join("\n");
      const members = left.match(/lab9\.(host|pool)\.\w+/g) ?? [];
      if (members.length <= 1) break;
      assert(performance.now() < giveUpAt, left);
      await delay(100);
    }
  }
  assertEquals(await leftIn(server), []);
}

async function killedMain(server: Server): Promise<void> {
  const host = await startHost(server.url, "orphans", { quick: true });
  await using program = new Main([main, server.url, "orphans"]);
  await host.line("begun");
  program.kill("SIGKILL");
  // It would have a minute's work for each of its workers: it ends what nobody
  // waits for any more, and takes no more of it.
  host.kill("SIGTERM");
  assertEquals(await host.end(), 0);
  const begun = host.output.match(/begun/g)!.length;
  assert(begun < 20, `begun: ${begun}`);
  await assertSwept(server, "orphans");
}

for (const test of [killedHost, poison, killedMain]) {
  storeTest(test.name, test);
}
