// A small lab with cells as the notebook's, each sound and in several broken
// forms. What is broken is drawn from a seed: the first argument.

import {
  expose,
  Gil,
  Lock,
  Pool,
  Queue,
  sleepSync,
  Thread,
} from "../../mod.ts";
import { cell, runLab, time } from "../../labs/notebook/cell.ts";
import { randomOf } from "./mutants.ts";

const [seed, hangs, ...flags] = Deno.args;
const random = randomOf(Number(seed));

/** Long enough that starting it doesn't count, short enough for many of them. */
const TASKS = 6;
const TURNS = 30_000_000;

export function compute(lock: Gil | null = null): number {
  const turns = () => {
    let x = 0;
    for (let i = 0; i < TURNS; i++) {
      x += Math.sqrt(i);
      if (i % 100_000 === 0) lock?.checkpoint();
    }
    return x;
  };
  return lock === null ? turns() : lock.run(turns);
}
export function computeBehind(lock: Lock): number {
  using _held = lock.acquireSync();
  return compute();
}
export function computeLettingGo(lock: Gil): number {
  return lock.run(() => lock.allowThreads(() => compute()));
}
export function keepForEver(lock: Gil): void {
  lock.run(() => {
    while (true) sleepSync(1);
  });
}
export function nap(seconds: number): void {
  console.log("Sleeping");
  sleepSync(seconds);
  console.log("Done");
}
export function work(
  q: Queue<number | null>,
  fn: (lock: Gil) => unknown,
  lock: Gil,
): void {
  while (q.getSync() !== null) {
    fn(lock);
    q.taskDone();
  }
}

function timed(name: string, body: () => unknown, prestart = 2): void {
  cell(name, name, { prestart }, async () => {
    const start = time();
    await body();
    console.log(`Finished in ${(time() - start).toFixed(4)} seconds`);
  });
}
const tasks = Array<null>(TASKS).fill(null);

// Sleeping.
const naps = (seconds: number, count = 2) => async () => {
  const threads = Array.from(
    { length: count },
    () => new Thread(nap, { args: [seconds] }),
  );
  for (const thread of threads) await thread.start();
  for (const thread of threads) await thread.join();
};
timed("sleep", naps(0.7));
timed("sleep_short", naps(random(0, 60) / 100));
timed("sleep_shorter", naps(0.62));
timed("sleep_none", naps(0));
timed("sleep_long", naps(0.7 * random(2, 4)));
timed("sleep_serial", async () => {
  await naps(0.7, 1)();
  await naps(0.7, 1)();
});
timed("sleep_unjoined", async () => {
  for (let i = 0; i < 2; i++) await new Thread(nap, { args: [0.7] }).start();
});
timed("sleep_one", naps(0.7, 1));
timed("sleep_three", naps(0.7, 3));

// Computing, alone and by a pool.
timed("loop", () => tasks.forEach(() => compute()));
const pooled = (workers: number, chunkSize = 1) => async () => {
  await using pool = new Pool(workers);
  await pool.map(compute, tasks, { chunkSize });
};
timed("pool", pooled(2));
timed("pool_of_one", pooled(1));
timed("pool_one_chunk", pooled(2, TASKS));
timed("pool_in_turn", async () => {
  await using pool = new Pool(2);
  for (const task of tasks) await pool.apply(compute, [task]);
});
timed("pool_behind_a_lock", async () => {
  await using pool = new Pool(2);
  await pool.map(computeBehind, Array(TASKS).fill(new Lock()), {
    chunkSize: 1,
  });
});
timed("pool_unused", () => tasks.forEach(() => compute()));

// Computing, under a lock.
const threaded = (
  fn: (lock: Gil) => unknown,
  lockOf: (i: number) => Gil | null,
) =>
async () => {
  const q = new Queue<number | null>();
  const threads = Array.from(
    { length: 4 },
    (_, i) => new Thread(work, { args: [q, fn, lockOf(i)!] }),
  );
  for (const thread of threads) thread.start();
  tasks.forEach((_, i) => q.putNowait(i));
  await q.join();
  threads.forEach(() => q.putNowait(null));
};
const gil = new Gil();
const others = [new Gil(), new Gil()];
timed("lock", threaded(compute, () => gil), 4);
timed("lock_never_held", threaded(compute, () => null), 4);
timed("lock_of_each", threaded(compute, (i) => others[i % 2]), 4);
timed("lock_of_some", threaded(compute, (i) => i % 2 ? gil : null), 4);
timed("lock_let_go", threaded(computeLettingGo, () => gil), 4);
if (hangs === "hangs") {
  timed("lock_never_let_go", threaded(keepForEver, () => gil), 4);
}

// Printing.
const LINES = ["7.38905609893065", "20.08553692318766", "54.5981500331442"];
function printed(name: string, change: (lines: string[]) => string[]): void {
  cell(name, name, {}, () => change([...LINES]).forEach((x) => console.log(x)));
}
const withLine = (i: number, line: string) => (lines: string[]) =>
  lines.with(i, line);
printed("lines", (lines) => lines);
for (const n of [1, 2, 3]) {
  const i = random(0, 2);
  const line = LINES[i];
  // The dot stays where it is.
  const places = [...line.matchAll(/\d/g)].map(({ index }) => index);
  const at = places[random(0, places.length - 1)];
  const digit = (Number(line[at]) + random(1, 9)) % 10;
  const wrong = line.slice(0, at) + digit + line.slice(at + 1);
  printed(`lines_digit_${n}`, withLine(i, wrong));
}
printed("lines_swapped", ([a, b, c]) => random(0, 1) ? [b, a, c] : [a, c, b]);
printed("lines_missing", (lines) => lines.toSpliced(random(0, 2), 1));
printed("lines_twice", (lines) => {
  const i = random(0, 2);
  return lines.toSpliced(i, 0, lines[i]);
});
printed("lines_blank", withLine(0, `${LINES[0]} `));
printed("lines_return", withLine(1, `${LINES[1]}\r`));
printed("lines_none", () => []);

// Threads' lines: who gets a message processes it.
const IDENTS = ["140200151560192", "140200143167488"];
function messages(name: string, order: [string, number][]): void {
  cell(name, name, {}, () => {
    for (const [what, i] of order) console.log(`${what}, id = ${IDENTS[i]}`);
  });
}
messages("ids", [["got a", 0], ["got b", 1], ["did a", 0], ["did b", 1]]);
messages("ids_mixed", [["got a", 0], ["got b", 1], ["did a", 1], ["did b", 0]]);
messages("ids_one", [["got a", 0], ["got b", 0], ["did a", 0], ["did b", 0]]);
messages("ids_early", [["did a", 0], ["got a", 0], ["got b", 1], ["did b", 1]]);

expose(import.meta, {
  ...{ compute, computeBehind, computeLettingGo, keepForEver, nap, work },
});

if (import.meta.main) {
  await runLab({
    name: "mutants",
    about: "Cells that are sound, and others.",
    workers: 2,
    workersHelp: "Nothing",
  }, flags);
}
