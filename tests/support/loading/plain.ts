// A script that starts workers, in one of the ways there are.

import { expose, Pool, prestartWorkers, Thread } from "../../../mod.ts";

export function add(x: number): number {
  return x + 1;
}
expose(import.meta, { add });

const ways: Record<string, () => unknown> = {
  async thread() {
    const thread = new Thread(add, { args: [1] });
    thread.start();
    return await thread.join();
  },
  blocking() {
    const thread = new Thread(add, { args: [1] });
    thread.start();
    return thread.joinSync();
  },
  async pool() {
    await using pool = new Pool(2);
    return await pool.apply(add, [1]);
  },
  async prestart() {
    await prestartWorkers(1);
    return 2;
  },
};

if (import.meta.main) {
  for (const way of Object.values(ways)) {
    try {
      console.log(await way());
    } catch (error) {
      console.log(String(error));
    }
  }
}
