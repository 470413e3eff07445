// A script of a module beside it; other folders have links to both.

import { expose, Pool, Queue, Thread } from "../../../../mod.ts";
import { double } from "./part.ts";

export function quadruple(x: number): number {
  return double(double(x));
}
export function callNext(queue: Queue<typeof double>): number {
  return queue.getSync()(3);
}
expose(import.meta, { callNext, quadruple });

if (import.meta.main) {
  const results: unknown[] = [];
  for (const fn of [double, quadruple]) {
    const thread = new Thread(fn, { args: [1] });
    thread.start();
    results.push(await thread.join());
  }
  const queue = new Queue<typeof double>();
  queue.putNowait(double);
  const thread = new Thread(callNext, { args: [queue] });
  thread.start();
  results.push(await thread.join());
  await using pool = new Pool(2);
  results.push(...await pool.map(quadruple, [1, 2]));
  results.push(await pool.apply(double, [5]));
  console.log(results.join());
}
