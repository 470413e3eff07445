// A module that a worker can't load. Both what it is told and what it has to tell
// are as long as the argument says.

import { expose, Pool, Thread } from "../../mod.ts";

export function lengthOf(text: string): number {
  return text.length;
}
expose(import.meta, { lengthOf });

const text = "x".repeat(Number(Deno.args[0]));

if (import.meta.main) {
  const thread = new Thread(lengthOf, { name: "broken", args: [text] });
  thread.start();
  await thread.join().catch((error) => console.log(`thread: ${error}`));
  const blocking = new Thread(lengthOf, {
    name: "broken again",
    args: [text],
  });
  blocking.start();
  try {
    blocking.joinSync(30);
  } catch (error) {
    console.log(`blocking: ${error}`);
  }
  const pool = new Pool(2);
  await pool.apply(lengthOf, [text]).catch((error) =>
    console.log(`pool: ${error}`)
  );
  await pool.apply(lengthOf, [text]).catch((error) =>
    console.log(`again: ${error}`)
  );
} else {
  throw Object.assign(new RangeError("not in a worker"), { detail: text });
}
