import { Pool, Queue } from "../../mod.ts";
import { wait } from "./pool_functions.ts";

/** A pool whose only worker is at a task, and what lets that end. */
export async function busyPool(): Promise<
  { pool: Pool; go: Queue<number>; first: Promise<number> }
> {
  const pool = new Pool(1);
  const [begun, go] = [new Queue<number>(), new Queue<number>()];
  const first = pool.apply(wait, [begun, go]);
  await begun.get();
  return { pool, go, first };
}
