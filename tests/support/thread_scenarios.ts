// Programs that end, or don't, in one way or another: one is named on the
// command line.

import {
  enumerate,
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
  await sleep(60);
}

export function putLater(queue: Queue<string>, seconds: number): void {
  sleepSync(seconds);
  queue.putSync("late");
}

export function throwAfterReturn(): void {
  setTimeout(() => {
    throw new RangeError("thrown after the end");
  });
}

/** Waits for the main thread's end, in one of the ways. */
export async function waitForMain(how: string): Promise<void> {
  const main = enumerate()[0];
  if (how === "join") await main.join();
  if (how === "joinSync") main.joinSync();
  if (how === "isAlive") { while (main.isAlive); }
  console.log("main has ended", String(enumerate()[0]).split(" ", 2).join(" "));
}

export function setLater(words: Int32Array): void {
  sleepSync(0.3);
  Atomics.store(words, 0, 1);
  Atomics.notify(words, 0);
}

export function exit(how: string): void {
  if (how === "exit") Deno.exit(3);
  self.close();
}

export function spinForEver(begun: Queue<string>): void {
  begun.putSync("begun");
  for (;;);
}
expose(import.meta, {
  exit,
  putLater,
  rejectUnawaited,
  setLater,
  spinForEver,
  throwAfterReturn,
  throwInTimer,
  waitForMain,
});

const words = new Int32Array(new SharedArrayBuffer(4));

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
    const [until, untilThen] = [1, 2].map(() =>
      new Int32Array(new SharedArrayBuffer(4))
    );
    const thread = new Thread(spin, { args: [begun, until], name: "spinner" });
    thread.start();
    await begun.get();
    await thread.terminate();
    await thread.join().catch((error) => console.log(String(error)));
    // The one that was given up doesn't end another in its place.
    const other = new Thread(spin, { args: [begun, untilThen], name: "other" });
    other.start();
    await begun.get();
    until[0] = 1;
    await sleep(0.3);
    untilThen[0] = 1;
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
    await thread.join().catch((error) => console.log(error.message));
    const next = new Thread(add, { args: [1, 2] });
    next.start();
    console.log(await next.join());
  },
  async throwingAfterReturn() {
    const thread = new Thread(throwAfterReturn, { name: "first" });
    thread.start();
    await thread.join();
    await sleep(0.2);
    const next = new Thread(add, { args: [1, 2], name: "next" });
    next.start();
    console.log(await next.join());
  },
  joinsMain() {
    for (const how of ["join", "joinSync", "isAlive"]) {
      new Thread(waitForMain, { args: [how] }).start();
    }
    setTimeout(() => console.log("the last timer"), 200);
    addEventListener("beforeunload", () => console.log("the end"));
  },
  daemonJoinsMain() {
    new Thread(waitForMain, { args: ["joinSync"], daemon: true }).start();
  },
  async awaitsWord() {
    new Thread(setLater, { args: [words] }).start();
    await Atomics.waitAsync(words, 0, 0).value;
    console.log("set");
  },
  awaitsWordLater() {
    new Thread(setLater, { args: [words] }).start();
    addEventListener("load", async () => {
      await Atomics.waitAsync(words, 0, 0).value;
      const thread = new Thread(add, { args: [1, 2] });
      thread.start();
      console.log("set", await thread.join());
    });
  },
  exits() {
    for (const how of ["exit", "close"]) {
      new Thread(exit, { args: [how], name: how }).start();
    }
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
  async halfImapOfQueue() {
    const queue = new Queue<number>();
    queue.putNowait(1);
    const pool = new Pool(2);
    for await (const result of pool.imap(addOne, queue)) {
      console.log(result);
      break;
    }
  },
  async timedSignals() {
    const hour = () => AbortSignal.timeout(3_600_000);
    const { signal } = new AbortController();
    const queue = new Queue<AbortSignal>();
    const pool = new Pool(1);
    for (const timed of [hour(), AbortSignal.any([signal, hour()])]) {
      const limits = { signal: timed };
      const thread = new Thread(isAborted, { args: [timed] });
      thread.start();
      console.log(await thread.join(limits));
      console.log(await pool.apply(isAborted, [timed], limits));
      await queue.put(timed, limits);
      await queue.get(limits);
      await queue.get({ ...limits, timeout: 0.001 }).catch(() => {});
    }
  },
};

export function isAborted({ aborted }: AbortSignal): boolean {
  return aborted;
}

export function addOne(x: number): number {
  return x + 1;
}

export function throwAtEnd(go: Queue<string>): never {
  go.getSync();
  throw new RangeError("after all");
}
expose(import.meta, { addOne, isAborted, throwAtEnd });

if (import.meta.main) await scenarios[Deno.args[0]]();
