/**
 * Breaks the library in small ways, one at a time, and asks the explorer. A mutant
 * is killed if a scenario of `explore_scenarios.ts` fails in a schedule.
 *
 *     deno run --no-prompt --allow-read --allow-write --allow-run=deno tests/explore/mutants.ts
 *
 * It isn't part of the tests: it takes some minutes. A number as an argument runs
 * that mutant alone.
 *
 * @module
 */

/** Changes of a text of the library's. */
interface Mutant {
  what: string;
  file: string;
  edits: (readonly [from: string, to: string])[];
}

const m = (what: string, file: string, from: string, to = ""): Mutant => ({
  what,
  file,
  edits: [[from, to]],
});

const mutants: Mutant[] = [
  m(
    "mutex: an unlock wakes nobody",
    "sync/mutex.ts",
    "Atomics.notify(this.#words, this.#index, 1);",
  ),
  m(
    "mutex: CONTENDED isn't kept by one that has slept",
    "sync/mutex.ts",
    "if (this.#change(word, contended | HELD)) return;",
    "if (this.#change(word, word | HELD)) return;",
  ),
  m(
    "mutex: CONTENDED is cleared after the notify",
    "sync/mutex.ts",
    `      Atomics.and(this.#words, this.#index, ~CONTENDED);
      Atomics.notify(this.#words, this.#index, 1);`,
    `      Atomics.notify(this.#words, this.#index, 1);
      Atomics.and(this.#words, this.#index, ~CONTENDED);`,
  ),
  m(
    "mutex: it is taken without a look whether it is held",
    "sync/mutex.ts",
    "if ((word & HELD) === 0 && this.#change(word, word | HELD)) return;",
    "if (this.#change(word, word | HELD)) return;",
  ),
  m(
    "wait list: a late wake isn't passed on by one that blocks",
    "sync/wait_list.ts",
    "if (state !== WOKEN && !this.leave(waiter)) this.notify();",
    "if (state !== WOKEN) this.leave(waiter);",
  ),
  m(
    "wait list: a late wake isn't passed on by one that awaits",
    "sync/wait_list.ts",
    "if (state !== WOKEN && waiter.leave()) this.notify();",
    "if (state !== WOKEN) waiter.leave();",
  ),
  m(
    "wait list: no second look in the list",
    "sync/wait_list.ts",
    `          result = attempt();
          if (result === PENDING) state = parkSync(deadline);`,
    `          state = parkSync(deadline);`,
  ),
  m(
    "wait list: one that awaits has no second look",
    "sync/wait_list.ts",
    `      const early = attempt();
      if (early !== PENDING) return early;
`,
  ),
  m(
    "wait list: no look after the wake",
    "sync/wait_list.ts",
    "if (result !== PENDING || state === PARKED) return result;",
    "return result;",
  ),
  m(
    "wait list: picked at the deadline counts as missed",
    "sync/wait_list.ts",
    "return !this.leave(waiter);",
    "this.leave(waiter);\n      return false;",
  ),
  m(
    "wait list: what the ended were told is lost",
    "sync/wait_list.ts",
    "if (!isOver && !this.leave(waiter)) this.notify();",
    "if (!isOver) this.leave(waiter);",
  ),
  m(
    "wait list: it is entered without the mutex",
    "sync/wait_list.ts",
    `    const at = waiter * STRIDE;
    this.#mutex.lock();`,
    `    const at = waiter * STRIDE;`,
  ),
  m(
    "wait list: PARKED is written after the links",
    "sync/wait_list.ts",
    "Atomics.store(waiters, at + STATE, sleeper === 0 ? PARKED : LINKED);",
  ),
  m(
    "wait list: notifyAll wakes one",
    "sync/wait_list.ts",
    "sleepers.push(this.#wake(waiterWords(), waiter));",
    "sleepers.push(this.#wake(waiterWords(), waiter));\n        break;",
  ),
  m(
    "wait list: who was woken is not roused",
    "sync/wait_list.ts",
    "if (sleeper !== 0) rouse(sleeper);",
  ),
  m(
    "wait list: the room is not looked at again",
    "sync/wait_list.ts",
    "if (isUnused && this.#room !== undefined) this.notify();",
  ),
  m(
    "wait list: the need of a waiter is ignored",
    "sync/wait_list.ts",
    "!isOver && (waiter === 0 || waiters[waiter * STRIDE + NEED] <= room)",
    "!isOver",
  ),
  m(
    "waiters: an order to end is looked for before the state",
    "sync/waiters.ts",
    `    const state = Atomics.load(table, at);
    if (Atomics.load(table, stop) !== 0) throw heed();`,
    `    if (Atomics.load(table, stop) !== 0) throw heed();
    const state = Atomics.load(table, at);`,
  ),
  m(
    "waiters: an alert is none",
    "sync/waiters.ts",
    `    PARKED,
    ALERTED,
  );`,
    `    PARKED,
    PARKED,
  );`,
  ),
  m(
    "waiters: who is ordered to end isn't woken",
    "sync/waiters.ts",
    `  const was = Atomics.compareExchange(table, state, PARKED, WOKEN);
  rouse(waiter);`,
    `  const was = Atomics.load(table, state);`,
  ),
  m(
    "ownership: NODE is looked at before HOLDER is given up",
    "locks/ownership.ts",
    `    if (Atomics.compareExchange(words, at + HOLDER, holder, 0) !== holder) {
      return false;
    }
    if (Atomics.load(words, at + NODE) === 0) return true;`,
    `    const none = Atomics.load(words, at + NODE) === 0;
    if (Atomics.compareExchange(words, at + HOLDER, holder, 0) !== holder) {
      return false;
    }
    if (none) return true;`,
  ),
  m(
    "ownership: the taker doesn't tell the graph",
    "locks/ownership.ts",
    "if (Atomics.load(words, at + NODE) !== 0) noteHolder(this);",
  ),
  m(
    "ownership: a release doesn't tell the graph",
    "locks/ownership.ts",
    `    noteHolder(this);
    this.#waiters.notify();`,
    `    this.#waiters.notify();`,
  ),
  m(
    "ownership: a release wakes nobody",
    "locks/ownership.ts",
    `    noteHolder(this);
    this.#waiters.notify();`,
    `    noteHolder(this);`,
  ),
  m(
    "ownership: HOLDER is written, not exchanged",
    "locks/ownership.ts",
    "const holder = Atomics.compareExchange(words, at + HOLDER, 0, me);",
    "const holder = Atomics.load(words, at + HOLDER);\n" +
      "    if (holder === 0) Atomics.store(words, at + HOLDER, me);",
  ),
  m(
    "ownership: a dead holder isn't looked for",
    "locks/ownership.ts",
    "    this.checkHolder();\n    return PENDING;",
    "    return PENDING;",
  ),
  m(
    "ownership: a taker doesn't look whether it has ended",
    "locks/ownership.ts",
    "if (hasEnded()) this.#giveBack();",
  ),
  m(
    "graph: the waiter doesn't copy the holder",
    "locks/wait_graph.ts",
    `    Atomics.add(all, ENTERED, 1);
    copyHolder(all, lock, node);`,
    `    Atomics.add(all, ENTERED, 1);`,
  ),
  m(
    "graph: a ring is looked for before the wait is entered",
    "locks/wait_graph.ts",
    "all[waiter * STRIDE + KIND] = blocksForever ? Kind.LOCK_FOREVER : Kind.LOCK;",
    "all[waiter * STRIDE + KIND] = Kind.LOCK;",
  ),
  m(
    "graph: one that is being ended counts",
    "locks/wait_graph.ts",
    "if (seen.has(waiter) || isStopOrdered(waiter)) continue;",
    "if (seen.has(waiter)) continue;",
  ),
  m(
    "graph: waits for ended threads aren't alerted",
    "locks/wait_graph.ts",
    "if (isConcerned) alertWaiter(waiter);",
  ),
  m(
    "semaphore: a release wakes nobody",
    "locks/semaphore.ts",
    "this.#waiters.notify();",
  ),
  m(
    "event: a set wakes nobody",
    "locks/event.ts",
    "this.#waiters.notifyAll();",
  ),
  m(
    "event: FLAG is written after the wake",
    "locks/event.ts",
    `    Atomics.store(this.#words, FLAG, 1);
    Atomics.add(this.#words, SETS, 1);
    this.#waiters.notifyAll();`,
    `    this.#waiters.notifyAll();
    Atomics.store(this.#words, FLAG, 1);
    Atomics.add(this.#words, SETS, 1);`,
  ),
  m(
    "condition: the lock is released before the wait is entered",
    "locks/condition.ts",
    `      return isNotified = this.#waiters.waitForNotifySync(
        () => suspended = lock.suspend(),`,
    `      suspended = lock.suspend();
      return isNotified = this.#waiters.waitForNotifySync(
        () => {},`,
  ),
  m(
    "condition: notify wakes nobody",
    "locks/condition.ts",
    `i < n && this.#waiters.hasWaiters`,
    `i < n - 1 && this.#waiters.hasWaiters`,
  ),
  m(
    "barrier: a change is not told",
    "locks/barrier.ts",
    "this.#waiters.notifyAll();",
  ),
  m(
    "ring: a record is written without the mutex of puts",
    "store/ring.ts",
    `    let added = 0;
    this.putMutex.lock();`,
    `    let added = 0;
    Atomics.or(this.words, 0, 1);`,
  ),
  m(
    "ring: a record is taken without the mutex of takes",
    "store/ring.ts",
    `    let added = 0;
    this.#takeMutex.lock();`,
    `    let added = 0;
    Atomics.or(words, 16, 1);`,
  ),
  m(
    "ring: it grows without the mutex of takes",
    "store/ring.ts",
    `    const size = storeSize(needed);
    this.#takeMutex.lock();`,
    `    const size = storeSize(needed);
    Atomics.or(words, 16, 1);`,
  ),
  m(
    "ring: CLOSED isn't looked at by a put",
    "store/ring.ts",
    `if (words[CLOSED] !== 0) return "closed";`,
  ),
  m(
    "stack: a take doesn't take the mutex",
    "store/stack.ts",
    "this.putMutex.lock();",
    "Atomics.or(this.words, 0, 1);",
  ),
  m(
    "store: CLOSED is set without the mutex",
    "store/store.ts",
    `    this.putMutex.lock();
    Atomics.store(this.words, index, value);
    this.putMutex.unlock();`,
    `    Atomics.store(this.words, index, value);`,
  ),
  // Faults that the library has had.
  {
    what: "wait list: a larger item takes the wake, and keeps it",
    file: "sync/wait_list.ts",
    edits: [
      [
        "!isOver && (waiter === 0 || waiters[waiter * STRIDE + NEED] <= room)",
        "!isOver",
      ],
      ["if (isUnused && this.#room !== undefined) this.notify();", ""],
    ],
  },
  m(
    "worker: its modules run before it joins the table of waiters",
    "thread/worker_server.ts",
    "  adoptWaiterTable(setup.waiterTable, setup.waiter);",
    `  await prepareModules();
  adoptWaiterTable(setup.waiterTable, setup.waiter);`,
  ),
];

const root = new URL("../../", import.meta.url);
/** How long a mutant's process may take: many times what it should. */
const LONGEST_MS = 240_000;

/** What a mutant's process runs: what the tests run. */
const PROGRAM = `
import { exploreAll, SLICE } from "./tests/support/explore_all.ts";
try {
  await exploreAll(SLICE);
} catch (error) {
  console.log(String(error.message).split("\\n")[0]);
  Deno.exit(1);
}`;

async function copyFolder(from: URL, to: URL): Promise<void> {
  await Deno.mkdir(to, { recursive: true });
  for await (const { name, isDirectory, isFile } of Deno.readDir(from)) {
    if (name === "node_modules") continue;
    const [source, target] = [new URL(name, from), new URL(name, to)];
    if (isDirectory) {
      await copyFolder(new URL(`${name}/`, from), new URL(`${name}/`, to));
    } else if (isFile) await Deno.copyFile(source, target);
  }
}

/** The line that a mutant fails with; undefined if it survives. */
async function runMutant(
  { file, edits }: Mutant,
  folder: URL,
): Promise<string | undefined> {
  const path = new URL(`lib/${file}`, folder);
  const text = await Deno.readTextFile(path);
  let changed = text;
  for (const [from, to] of edits) {
    if (!text.includes(from)) throw new Error(`${file} has no longer: ${from}`);
    changed = changed.replace(from, () => to);
  }
  await Deno.writeTextFile(path, changed);
  const signal = AbortSignal.timeout(LONGEST_MS);
  try {
    const { code, stdout } = await new Deno.Command("deno", {
      args: ["run", "--no-check", "--no-prompt", "--allow-read=.", "mutant.ts"],
      stdin: "null",
      cwd: folder,
      stderr: "null",
      signal,
    }).output();
    if (signal.aborted) throw new Error("It took too long to tell");
    const line = new TextDecoder().decode(stdout).trim();
    return code === 0 ? undefined : line || "its process ends";
  } finally {
    await Deno.writeTextFile(path, text);
  }
}

async function main(): Promise<number> {
  const folder = new URL(`file://${await Deno.makeTempDir()}/`);
  try {
    for (const name of ["lib/", "tests/support/", "vendor/"]) {
      await copyFolder(new URL(name, root), new URL(name, folder));
    }
    for (const name of ["mod.ts", "deno.json", "deno.lock"]) {
      await Deno.copyFile(new URL(name, root), new URL(name, folder));
    }
    await Deno.writeTextFile(new URL("mutant.ts", folder), PROGRAM);
    const only = Deno.args.map(Number);
    let killed = 0;
    let run = 0;
    for (const [i, mutant] of mutants.entries()) {
      if (only.length > 0 && !only.includes(i + 1)) continue;
      run++;
      const line = await runMutant(mutant, folder);
      // What only makes schedules differ from run to run says nothing of a fault.
      const isKilled = line !== undefined && !line.includes("isn't the same");
      if (isKilled) killed++;
      const number = `${i + 1}`.padStart(2);
      console.log(
        `${number} ${isKilled ? "killed  " : "SURVIVED"} ${mutant.what}` +
          (line === undefined ? "" : `\n            ${line}`),
      );
    }
    console.log(`${killed} of ${run} mutants killed`);
    return killed >= run * 0.95 ? 0 : 1;
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

if (import.meta.main) Deno.exit(await main());
