// A module that a worker can't load, with more to tell, and to be told, than
// stands in shared memory.

import { expose, Pool, Thread } from "../../mod.ts";

export function lengthOf(text: string): number {
  return text.length;
}
expose(import.meta, { lengthOf });

if (import.meta.main) {
  const args: [string] = ["x".repeat(100_000)];
  const thread = new Thread(lengthOf, { args });
  thread.start();
  await thread.join().catch((error) => console.log(`thread: ${error}`));
  const blocking = new Thread(lengthOf, { args });
  blocking.start();
  try {
    blocking.joinSync(30);
  } catch (error) {
    console.log(`blocking: ${error}`);
  }
  const pool = new Pool(2);
  await pool.apply(lengthOf, args)
    .catch((error) => console.log(`pool: ${error}`));
} else {
  throw Object.assign(new RangeError("not in a worker"), {
    detail: "x".repeat(100_000),
  });
}
