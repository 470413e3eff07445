// Functions that print.

import {
  type Event,
  expose,
  type Lock,
  sleep,
  sleepSync,
  Thread,
} from "../../mod.ts";

/** Prints in every way. */
export function printAll(): string {
  console.log("plain");
  console.log("one", 1, { two: [2] });
  console.error("%s failed", "it");
  console.group("group");
  console.info("in\nside");
  console.groupEnd();
  console.warn();
  console.trace("here");
  return "printed";
}

export async function printLater(): Promise<void> {
  await Promise.resolve();
  console.log("later");
}

export function printTask(n: number): number {
  console.log(`task ${n}`);
  return n;
}

/** Prints long lines, which must stay whole. */
export function printLines(name: string, count: number): void {
  for (let i = 0; i < count; i++) {
    if (i % 2 === 0) console.log(name.repeat(3000));
    else console.error(name.repeat(3000));
  }
}

/** Waits until it is terminated, and prints then. It counts what it has done. */
export function printAtEnd(
  lock: Lock,
  waits: Event,
  done: Int32Array,
): undefined {
  using _held = lock.acquireSync();
  try {
    waits.set();
    sleepSync(3600);
  } finally {
    printTwice(done);
  }
}

/** The same, but awaits. */
export async function printAtEndAsync(
  lock: Lock,
  waits: Event,
  done: Int32Array,
): Promise<undefined> {
  using _held = await lock.acquire();
  try {
    waits.set();
    await sleep(3600);
  } finally {
    printTwice(done);
  }
}

function printTwice(done: Int32Array): void {
  console.log("first");
  done[0]++;
  console.error("second");
  done[0]++;
}

/** Prints for ever, whatever is thrown. It counts that, and what is no error. */
export function printForEver(waits: Event, counts: Int32Array): void {
  for (;;) {
    try {
      console.log("text");
      waits.set();
    } catch (error) {
      counts[error instanceof Error ? 0 : 1]++;
    }
  }
}
expose(import.meta, {
  printAll,
  printAtEnd,
  printAtEndAsync,
  printForEver,
  printLater,
  printLines,
  printTask,
});

if (import.meta.main) {
  const printName = Deno.args[0] === "named";
  const threads = ["a", "b", "c", "d"].map((name) =>
    new Thread(printLines, { args: [name, 100], name: `T-${name}`, printName })
  );
  for (const thread of threads) thread.start();
  await Promise.all(threads.map((thread) => thread.join()));
}
