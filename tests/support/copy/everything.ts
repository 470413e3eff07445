/** A script that uses all of the library, with its types. */

import {
  activeCount,
  Barrier,
  BoundedSemaphore,
  BrokenBarrierError,
  Condition,
  cpuCount,
  currentThread,
  DeadlockError,
  Empty,
  enumerate,
  Event,
  expose,
  Full,
  getIdent,
  Gil,
  LifoQueue,
  Local,
  Lock,
  LockPoisonedError,
  Pool,
  PriorityQueue,
  Queue,
  RLock,
  type Semaphore,
  ShutDown,
  sleep,
  sleepSync,
  Thread,
  transfer,
  WorkerLostError,
} from "@lab9/concurrency";
import type {
  BarrierOptions,
  PoolOptions,
  QueueOptions,
  ThreadOptions,
} from "@lab9/concurrency";

export function f(
  q: PriorityQueue<number, string>,
  b: Barrier,
  c: Condition,
  e: Event,
  s: Semaphore,
  r: RLock,
  l: LifoQueue<number>,
): string {
  b.waitSync();
  using _h = r.acquireSync();
  e.waitSync();
  using _permit = s.acquireSync();
  return `${q.getSync()} ${l.getSync()} ${c}`.slice(0, 12);
}
export async function g(x: number) {
  await sleep(0.01);
  return x;
}
expose(import.meta, { f, g });
class Mine extends Queue<number> {}
const local: Local<number> = new Local<number>();
if (import.meta.main) {
  const q = new PriorityQueue<number, string>(),
    b = new Barrier(2),
    e = new Event(),
    l = new LifoQueue<number>();
  const t: Thread<typeof f> = new Thread(f, {
    args: [q, b, new Condition(), e, new BoundedSemaphore(2), new RLock(), l],
  });
  t.start();
  await b.wait();
  e.set();
  await q.put([1, "a"]);
  await l.put(5);
  console.log(await t.join());
  await using pool: Pool = new Pool(2);
  for await (const x of pool.imap(g, [1, 2])) console.log(x);
  console.log(
    [
      DeadlockError,
      Empty,
      Full,
      ShutDown,
      WorkerLostError,
      LockPoisonedError,
      BrokenBarrierError,
    ].map((c) => c.name).join(),
  );
  console.log(
    Event.name,
    new Mine(1).maxsize,
    typeof local,
    activeCount(),
    currentThread().name,
    cpuCount() > 0,
    getIdent() > 0,
    enumerate().length,
    Gil.name,
    transfer.name,
    Lock.name,
    sleepSync.name,
  );
  const err: DeadlockError | undefined = undefined;
  const o:
    | QueueOptions
    | PoolOptions
    | BarrierOptions
    | ThreadOptions<typeof g> = {};
  console.log(err, o);
}
