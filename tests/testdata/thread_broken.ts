// A module that a worker can't load.

import { expose, Pool, Thread } from "../../mod.ts";

export function nothing(): void {}
expose(import.meta, { nothing });

if (import.meta.main) {
  const thread = new Thread(nothing, { name: "broken" });
  thread.start();
  await thread.join().catch((error) => console.log(`thread: ${error}`));
  const blocking = new Thread(nothing, { name: "broken again" });
  blocking.start();
  try {
    blocking.joinSync(30);
  } catch (error) {
    console.log(`blocking: ${error}`);
  }
  const pool = new Pool(2);
  await pool.apply(nothing).catch((error) => console.log(`pool: ${error}`));
  await pool.apply(nothing).catch((error) => console.log(`again: ${error}`));
} else {
  throw new RangeError("not in a worker");
}
