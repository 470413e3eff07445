// Says how many megabytes are left of a large item, for each way in which it went.

import { expose, Pool, Queue } from "../../mod.ts";

declare const gc: () => void;

const large = () => new Uint8Array(32 << 20);

export function echo(value: unknown): unknown {
  return value;
}
expose(import.meta, { echo });

async function megabytes(): Promise<number> {
  // What a frame of an async function refers to is garbage some turns later.
  for (let i = 0; i < 10; i++) {
    await new Promise((resolve) => setTimeout(resolve));
    gc();
  }
  const { external, heapUsed } = Deno.memoryUsage();
  return (external + heapUsed) / 2 ** 20;
}

if (import.meta.main) {
  const full = new Queue<unknown>(1);
  full.putNowait(1);
  const closed = new Queue<unknown>();
  closed.shutdown();
  const pool = new Pool(1);
  const refuse = () => {};
  const ways: Record<string, () => unknown> = {
    "too large": () => new Queue(0, { capacity: 1024 }).putNowait(large()),
    "full": () => full.putNowait(large()),
    "full for a while": () => full.put(large(), { timeout: 0.001 }),
    "shut down": () => closed.putNowait(large()),
    "refused": () => full.putNowait([large(), refuse]),
    "refused by a pool": () => pool.apply(echo, [[large(), refuse]]),
    async got() {
      const queue = new Queue<unknown>();
      queue.putNowait(large());
      await queue.get();
    },
  };
  await pool.apply(echo, [1]);
  for (const [name, way] of Object.entries(ways)) {
    const before = await megabytes();
    await Promise.try(way).catch(() => {});
    console.log(name, Math.round(await megabytes() - before));
  }
  await pool.terminate();
}
