/**
 * Thousands of chunks, while hosts are killed at random: nothing is lost, and
 * nothing is answered twice.
 *
 *     deno task --cwd labs/cluster soak [redis|postgres] [CHUNKS] [SEED]
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { delay } from "@std/async/delay";
import { squareSlowly } from "./support/functions.ts";
import { type Program, startHost } from "./support/hosts.ts";
import { leftIn } from "./support/left.ts";
import { connectQuickly } from "./support/quick.ts";
import { type Server, startServer } from "./support/stores.ts";

const [kind = "redis", chunks = "10000", seed = String(Date.now() % 1e6)] =
  Deno.args;
const HOSTS = 3;
const name = "soak";

/** Numbers from 0 to 1 that a seed determines. */
function* random(seed: number): Generator<number, never> {
  for (;;) {
    seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0;
    yield seed / 2 ** 32;
  }
}

const numbers = random(Number(seed));
console.log(`${chunks} chunks over ${kind}, seed ${seed}`);
await using server = await startServer(kind as Server["kind"]);
const start = () => startHost(server.url, name, { quick: true });
const hosts: Program[] = await Promise.all(
  Array.from({ length: HOSTS }, start),
);

let isDone = false;
let kills = 0;
async function killAtRandom(): Promise<void> {
  while (!isDone) {
    await delay(1000 + 3000 * numbers.next().value);
    if (isDone) return;
    const victim = Math.floor(HOSTS * numbers.next().value);
    hosts[victim].kill("SIGKILL");
    await hosts[victim].end();
    kills++;
    hosts[victim] = await start();
  }
}

const begun = performance.now();
const killing = killAtRandom();
{
  await using pool = await connectQuickly(server.url, { name });
  const items = Array.from({ length: Number(chunks) }, (_, i) => i);
  let last = 0;
  let calls = 0;
  const results = await pool.map(squareSlowly, items, {
    chunkSize: 1,
    onProgress: (done, total) => {
      // It would stand still or jump if an answer counted twice, or not at all.
      assertEquals(done, last + 1);
      last = done;
      if (++calls % 1000 === 0) {
        console.log(`${done} of ${total}, ${kills} kills`);
      }
    },
  });
  isDone = true;
  assertEquals(results, items.map((x) => x * x));
  assertEquals(calls, items.length);
}
const seconds = (performance.now() - begun) / 1000;
await killing;
for (const host of hosts) host.kill("SIGTERM");
for (const host of hosts) assertEquals(await host.end(), 0);
const left = (await leftIn(server)).filter((text) => text.includes("payload"));
assertEquals(left, []);
console.log(
  `${chunks} chunks, ${kills} kills, ${
    seconds.toFixed(0)
  } s: each answered once`,
);
