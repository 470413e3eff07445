/** A script whose names are also names of the library's, and of globals. */

import { expose, Lock as Mutex, Pool, Thread } from "@lab9/concurrency";
import { Queue, type Queue as Line } from "@lab9/concurrency/queue";

/** No lock of the library's. */
class Lock {
  readonly name = "Lock of the script's";
}

const library = "a name of the script's";
const types = ["types"];
const hash = (text: string) => text.length;
const performance = { now: () => -1 };
const Error = "no error";

export function idle(x: number): number {
  return x + 1;
}

export function workerLoop(x: number): number {
  return x * 2;
}

export function register(line: Line<string>, lock: Mutex): string {
  using _held = lock.acquireSync();
  return `${line.getSync()}, ${new Lock().name}`;
}

expose(import.meta, { idle, workerLoop, register });

if (import.meta.main) {
  await using pool = new Pool(1);
  console.log(await pool.map(idle, [1, 2, 3]));
  console.log(await pool.map(workerLoop, [1, 2, 3]));

  const line: Line<string> = new Queue();
  const thread = new Thread(register, { args: [line, new Mutex()] });
  thread.start();
  await line.put("in line");
  console.log(await thread.join());

  try {
    line.getNowait();
  } catch (error) {
    console.log((error as { name: string }).name, Queue.name, Mutex.name);
  }
  console.log(library, types, hash("hash"), performance.now(), Error);
}
