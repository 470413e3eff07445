// Load with faults in equal rounds; prints how much memory there is after each
// sixth of them, in MB.

import { Pool, Queue, Thread } from "../../mod.ts";
import { misbehave, moveForever, putForever, sleepFor } from "./faults.ts";

/** Provided by `--expose-gc`. */
declare const gc: () => void;

async function endThreads(): Promise<void> {
  const full = new Queue<number>(1);
  const put = new Int32Array(new SharedArrayBuffer(4));
  const threads = [
    new Thread(putForever, { args: [full, 0, put] }),
    new Thread(moveForever, { args: [new Queue<number>(), full] }),
    new Thread(sleepFor, { args: [3600] }),
  ];
  for (const thread of threads) await thread.start();
  await Promise.all(threads.map((thread) => thread.terminate()));
}

async function endPools(): Promise<void> {
  const pool = new Pool(2);
  const pending = pool.map(sleepFor, new Array(1000).fill(3600));
  const half = pool.imap(sleepFor, new Array(1000).fill(0));
  await Promise.all([pool.terminate(), pending.catch(() => {})]);
  await half.next().catch(() => {});
}

async function loseWorkers(): Promise<void> {
  await using pool = new Pool(2);
  for await (const _ of pool.imap(sleepFor, new Array(1000).fill(0))) break;
  const tasks = (["close", "error", "none"] as const)
    .map((how) => pool.apply(misbehave, [how, 1]));
  await Promise.allSettled(tasks);
}

async function megabytes(): Promise<number> {
  for (let i = 0; i < 3; i++) {
    gc();
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  return Deno.memoryUsage().rss / 2 ** 20;
}

if (import.meta.main) {
  const rounds = Number(Deno.args[0]);
  const seen: number[] = [];
  for (let sixth = 0; sixth < 6; sixth++) {
    for (let i = 0; i < rounds; i++) {
      await endThreads();
      await endPools();
      await loseWorkers();
    }
    seen.push(await megabytes());
  }
  console.log(JSON.stringify(seen));
}
