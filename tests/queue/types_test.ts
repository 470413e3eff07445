// What `deno check` says of this file is the test.

import type { LifoQueue, PriorityQueue, Queue } from "../../mod.ts";

type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends
  (<T>() => T extends B ? 1 : 2) ? true : false;

/** Refuses anything but the very type. */
function is<Expected>() {
  return <Actual>(
    _: Actual,
    ..._same: Equal<Actual, Expected> extends true ? [] : [never]
  ): void => {};
}

declare function takesQueue(queue: Queue<string>): void;
declare function takesPairs(queue: Queue<[number, string]>): void;

/** Never called. */
export async function types(
  lifo: LifoQueue<string>,
  priority: PriorityQueue<number, string>,
  tuples: PriorityQueue<[level: number, name: string] | bigint, Date>,
): Promise<void> {
  is<string>()(await lifo.get());
  is<string>()(lifo.getSync());
  for await (const item of lifo) is<string>()(item);
  takesQueue(lifo);

  is<[number, string]>()(await priority.get());
  is<[number, string]>()(priority.getSync());
  is<[number, string]>()(priority.getNowait());
  for (const item of priority) is<[number, string]>()(item);
  takesPairs(priority);
  await priority.put([1, "value"], { timeout: 1 });
  is<[[number, string] | bigint, Date]>()(await tuples.get());
  tuples.putSync([[1, "name"], new Date()]);

  // @ts-expect-error The value is no string.
  priority.putSync([1, 2]);
  // @ts-expect-error The item has no priority.
  priority.putSync("value");
  // @ts-expect-error The items are pairs.
  takesQueue(priority);
  // @ts-expect-error A Date has no order here.
  type _Refused = PriorityQueue<Date, string>;
}
