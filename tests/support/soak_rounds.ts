// Everything that fails under load, at once: what `deno task soak` repeats.

import { assertEquals } from "@std/assert";
import { deadline } from "@std/async";
import {
  activeCount,
  enumerate,
  Lock,
  Pool,
  prestartWorkers,
  RLock,
  Thread,
} from "../../mod.ts";
import { queueKinds } from "./queues.ts";
import { deaths, faults, misbehave } from "./faults.ts";
import * as locks from "./locks_rounds.ts";
import { callOff, checkOutcome, makeTasks, runTasks } from "./pool_rounds.ts";
import type { Task } from "./pool_rounds.ts";
import { queueRound } from "./queue_rounds.ts";
import { Random } from "./shared_random.ts";

/** What has not ended after so many milliseconds never will. */
const PATIENCE = 120_000;

/** What was done, and what was made to fail. */
export class Tally {
  operations = 0;
  faults: Record<string, number> = {};

  add(fault: string, times = 1): void {
    this.faults[fault] = (this.faults[fault] ?? 0) + times;
  }
}

type Round = (random: Random, tally: Tally) => Promise<void>;

async function queues(random: Random, tally: Tally): Promise<void> {
  for (let i = 0; i < 5; i++) {
    const { items, ended } = await queueRound(random.pick(queueKinds), random);
    tally.operations += items;
    tally.add("queue's thread terminated", ended);
  }
}

const lockRounds: ((random: Random) => Promise<number>)[] = [
  (random) => locks.lockRound(random, true),
  (random) => locks.lockRound(random, false),
  locks.awaitedLockRound,
  locks.semaphoreRound,
  (random) => locks.conditionRound(random, random.pick([Lock, RLock])),
  locks.eventRound,
  locks.barrierRound,
];

async function oneLock(random: Random, tally: Tally): Promise<void> {
  try {
    tally.operations += await random.pick(lockRounds)(random);
    tally.add("lock whose threads are terminated");
  } catch (error) {
    // On a machine that is busy enough; what it held is poisoned then.
    if (!(error instanceof locks.GivenUp)) throw error;
    tally.add("lock whose thread is given up");
  }
}

function addFaults(tasks: Task[], whose: string, tally: Tally): void {
  tally.operations += tasks.length;
  for (const [how] of tasks) if (how !== "none") tally.add(`${whose}: ${how}`);
}

async function pool(random: Random, tally: Tally): Promise<void> {
  await using pool = new Pool(2);
  const chunkSize = random.pick([0, 1]);
  const tasks = makeTasks(random, 100, [...faults, ...faults, ...deaths], 0.3);
  addFaults(tasks, "task", tally);
  const results = await runTasks(pool, tasks, chunkSize);
  assertEquals(results.length, tasks.length);
  tasks.forEach((task, i) => checkOutcome(task, results[i]));
  await Promise.all([0, 1, 2, 3].map((i) => callOff(pool, random, i)));
  tally.add("call called off or left", 4);
  if (random.below(2) === 0) return;
  const pending = runTasks(pool, makeTasks(random, 50, faults, 0), chunkSize);
  tally.add("pool terminated");
  await Promise.all([pool.terminate(), pending.catch(() => {})]);
}

async function threads(random: Random, tally: Tally): Promise<void> {
  const tasks = makeTasks(random, 6, [...faults, ...deaths], 1);
  addFaults(tasks, "thread", tally);
  for (const task of tasks) {
    const thread = new Thread(misbehave, { args: task });
    thread.start();
    const [result] = await Promise.allSettled([thread.join()]);
    checkOutcome(task, result);
  }
}

const rounds: Round[] = [queues, oneLock, pool, threads];

/** Runs a round of each kind side by side; a seed tells what they do. */
export async function soakRound(seed: number, tally: Tally): Promise<void> {
  await prestartWorkers(8);
  const all = rounds.map((round, i) =>
    round(new Random(seed ^ i << 24), tally)
  );
  await deadline(Promise.all(all), PATIENCE);
  assertEquals(activeCount(), 1, `threads are left: ${enumerate()}`);
}
