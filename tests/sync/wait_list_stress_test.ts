import { assertEquals } from "@std/assert";
import { deadline } from "@std/async";
import { WaitList } from "../../lib/sync/wait_list.ts";
import { threadTest } from "../support/threads.ts";
import { Random, withSeed } from "../support/shared_random.ts";
import {
  givePermits,
  makeNoise,
  makeNoiseSync,
  PERMITS,
  TAKEN,
  takePermits,
  WORKING,
} from "../support/shared_threads.ts";
import { start } from "../support/start.ts";

/** Whoever is still waiting after so many seconds was never woken. */
const PATIENCE = 30;
const EACH = 10_000;

/**
 * Some threads take as many permits as others give, and never give up waiting: a
 * single lost wake leaves one of them waiting for ever. Meanwhile others get in
 * their way, with timeouts and aborts, and are terminated in the middle.
 */
async function stress(seed: number, terminate: boolean): Promise<void> {
  const random = new Random(seed);
  const buffer = new SharedArrayBuffer(256);
  const words = new Int32Array(buffer);
  Atomics.store(words, WORKING, 1);
  const noise = [makeNoiseSync, makeNoise].map((target) =>
    start(target, buffer, random.below(2 ** 31))
  );
  const takers = [true, true, false].map((sync) =>
    start(takePermits, buffer, EACH, sync)
  );
  const givers = [1, 2].map(() =>
    start(givePermits, buffer, EACH * 2, random.below(2 ** 31))
  );
  const awaited = takePermits(buffer, EACH, false);
  const isBusy = () => Atomics.load(words, TAKEN) < EACH * 4 - 500;
  const giveUpAt = performance.now() + PATIENCE * 1000;
  while (terminate && isBusy() && performance.now() < giveUpAt) {
    await new Promise((resolve) => setTimeout(resolve, random.below(20)));
    const victim = random.below(noise.length);
    await noise[victim].terminate();
    const target = random.pick([makeNoiseSync, makeNoise]);
    noise[victim] = start(target, buffer, random.below(2 ** 31));
  }
  await Promise.all([...givers, ...takers].map((one) => one.join(PATIENCE)));
  await deadline(awaited, PATIENCE * 1000);
  Atomics.store(words, WORKING, 0);
  await Promise.all(noise.map((one) => one.join(PATIENCE)));
  assertEquals(words[PERMITS], 0);
  assertEquals(words[TAKEN], EACH * 4);
  // Nobody is left in the list.
  assertEquals([...words.subarray(0, WaitList.WORDS)], [0, 0, 0]);
}

threadTest("WaitList loses no wake under timeouts and aborts", async () => {
  await withSeed((seed) => stress(seed, false));
});

threadTest("WaitList loses no wake when waiters are terminated", async () => {
  await withSeed((seed) => stress(seed, true));
});
