// Programs that end, or don't, in one way or another: one is named on the
// command line.

import {
  expose,
  Pool,
  prestartWorkers,
  Queue,
  sleep,
  sleepSync,
  Thread,
} from "../../mod.ts";
import { add, nothing, sleeper, spin } from "./thread_functions.ts";
import { throwIt } from "./thread_errors.ts";

export function rejectUnawaited(): void {
  Promise.reject(new RangeError("nobody awaits it"));
}

export async function throwInTimer(): Promise<void> {
  setTimeout(() => {
    throw new RangeError("thrown in a timer");
  });
  await sleep(0.05);
}

export function putLater(queue: Queue<string>, seconds: number): void {
  sleepSync(seconds);
  queue.putSync("late");
}

export function spinForEver(begun: Queue<string>): void {
  begun.putSync("begun");
  for (;;);
}
expose(import.meta, { rejectUnawaited, throwInTimer, putLater, spinForEver });

const scenarios: Record<string, () => void | Promise<void>> = {
  async idleWorkers() {
    await prestartWorkers(4);
  },
  neverStarted() {
    new Thread(nothing);
  },
  unjoined() {
    const queue = new Queue<string>();
    new Thread(putLater, { args: [queue, 0.2] }).start();
    // It ends when the thread has ended, not before.
    addEventListener("unload", () => console.log("size", queue.size));
  },
  async blockedDaemons() {
    const begun = new Queue<string>();
    for (let i = 0; i < 3; i++) {
      new Thread(sleeper, { args: [begun, 3600], daemon: true }).start();
      await begun.get();
    }
  },
  async abandoned() {
    const begun = new Queue<string>();
    const thread = new Thread(spin, { args: [begun, 1500], name: "spinner" });
    thread.start();
    await begun.get();
    await thread.terminate();
    await thread.join().catch((error) => console.log(String(error)));
    // The one that was given up doesn't end another in its place.
    const other = new Thread(spin, { args: [begun, 2500], name: "other" });
    other.start();
    console.log("other", await other.join());
  },
  async abandonedForEver() {
    const begun = new Queue<string>();
    const thread = new Thread(spinForEver, { args: [begun] });
    thread.start();
    await begun.get();
    await thread.terminate();
    Deno.exit(5);
  },
  async awaitsQueue() {
    const queue = new Queue<string>();
    new Thread(putLater, { args: [queue, 0.2], daemon: true }).start();
    console.log(await queue.get());
  },
  async awaitsJoin() {
    const queue = new Queue<string>();
    const args = [queue, 0.2] as const;
    const thread = new Thread(putLater, { args, daemon: true });
    thread.start();
    await thread.join();
    console.log("joined");
  },
  unjoinedError() {
    new Thread(throwIt, { args: ["own"], name: "thrower" }).start();
  },
  async joinedError() {
    const thread = new Thread(throwIt, { args: ["own"], name: "thrower" });
    thread.start();
    await thread.join().catch(() => {});
  },
  async errorAfterTimeout() {
    const begun = new Queue<string>();
    const thread = new Thread(throwAtEnd, { args: [begun], name: "thrower" });
    thread.start();
    await thread.join(0).catch(() => {});
    begun.putNowait("go");
  },
  async unhandledRejection() {
    const thread = new Thread(rejectUnawaited, { name: "rejecter" });
    thread.start();
    await thread.join();
    await sleep(0.2);
    const next = new Thread(add, { args: [1, 2] });
    next.start();
    console.log(await next.join());
  },
  async throwingTimer() {
    const thread = new Thread(throwInTimer, { name: "timer" });
    thread.start();
    await thread.join();
    const next = new Thread(add, { args: [1, 2] });
    next.start();
    console.log(await next.join());
  },
  async unclosedPool() {
    const pool = new Pool(2);
    console.log(await pool.map(addOne, [1, 2]));
  },
  unusedPool() {
    new Pool(2);
  },
  async halfImap() {
    const pool = new Pool(2);
    const results = pool.imap(addOne, [1, 2, 3, 4, 5, 6, 7, 8, 9]);
    console.log(await results.next());
  },
};

export function addOne(x: number): number {
  return x + 1;
}

export function throwAtEnd(go: Queue<string>): never {
  go.getSync();
  throw new RangeError("after all");
}
expose(import.meta, { addOne, throwAtEnd });

if (import.meta.main) await scenarios[Deno.args[0]]();
