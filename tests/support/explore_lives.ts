/**
 * What the threads of scenarios do that are about the lives of threads and of a
 * pool's workers: the real code, with one thread of the scenario as the starter.
 */

import {
  type Barrier,
  BrokenBarrierError,
  DeadlockError,
  type Event,
  expose,
  type Lock,
} from "../../mod.ts";
import { Channel } from "../../lib/pool/channel.ts";
import { Mode, Reply, Task, writeTask } from "../../lib/pool/task.ts";
import { idOf } from "../../lib/codec/references.ts";
import {
  allocateSlot,
  Outcome,
  Slot,
  Status,
  threadTable,
} from "../../lib/thread/thread_table.ts";
import {
  adoptWaiterTable,
  currentWaiter,
  STRIDE,
  waiterTable,
} from "../../lib/sync/waiters.ts";
import { pack } from "../../lib/codec/packing.ts";
import { Handover } from "../../lib/thread/handover.ts";
import { offerModules } from "../../lib/thread/modules.ts";
import { runJobs } from "../../lib/thread/worker_server.ts";
import type { Notes } from "./explore_library.ts";

/** Sends so many records; who of two is done last closes the channel. */
export function sendRecords(
  buffer: SharedArrayBuffer,
  notes: Notes,
  n: number,
): void {
  const channel = new Channel({ buffer });
  for (let i = 0; i < n; i++) {
    channel.write((encoder, item) => encoder.write(item), 1);
    channel.sendSync();
  }
  if (Atomics.add(notes, 6, 1) === 1) channel.close();
}

/** Takes records until there are no more. */
export async function takeRecords(
  buffer: SharedArrayBuffer,
  notes: Notes,
): Promise<void> {
  const channel = new Channel({ buffer });
  for (;;) {
    const record = await channel.receive((decoder) => decoder.read() as number);
    if (record === undefined) return;
    Atomics.add(notes, 1, record);
  }
}

/** Takes records until there are no more, and says of each that it is quick. */
export async function takeQuickly(
  buffer: SharedArrayBuffer,
  notes: Notes,
): Promise<void> {
  const channel = new Channel({ buffer });
  for (;;) {
    const record = await channel.receive((decoder) => {
      channel.looksSoon = true;
      return decoder.read() as number;
    });
    if (record === undefined) break;
    Atomics.add(notes, 1, record);
  }
  channel.rest();
}

/** Sends so many records as the only sender, then rests. */
export function sendAndRest(
  buffer: SharedArrayBuffer,
  records: number,
): void {
  const channel = new Channel({ buffer, isOnlySender: true });
  for (let i = 0; i < records; i++) {
    channel.write((encoder, item) => encoder.write(item), 1);
    channel.sendSync();
  }
  channel.restSender();
}

/**
 * Takes a record and says that it is quick. Then it waits for the others that do so,
 * as in a way that the library doesn't know.
 */
export async function takeAndMeet(
  buffer: SharedArrayBuffer,
  barrier: Barrier,
  notes: Notes,
): Promise<void> {
  const channel = new Channel({ buffer });
  const record = await channel.receive((decoder) => {
    channel.looksSoon = true;
    return decoder.read() as number;
  });
  try {
    barrier.waitSync();
    Atomics.add(notes, 1, record!);
  } catch (error) {
    // One of the others has died.
    if (!(error instanceof BrokenBarrierError)) throw error;
  }
}

/** A pool's task. */
export function half(number: number): number {
  return number / 2;
}

/** Sends tasks to a pool's workers, and lets them end. */
export function postTasks(
  buffer: SharedArrayBuffer,
  tickets: Int32Array,
  numbers: number[],
): void {
  const channel = new Channel({ buffer });
  for (const [ticket, number] of numbers.entries()) {
    const task = new Task(idOf(half)!, Mode.APPLY, false, [number]);
    task.ticket = ticket;
    task.id = ticket + 1;
    Atomics.store(tickets, ticket, task.id);
    channel.write(writeTask, task);
    channel.sendSync();
  }
  channel.close();
}

/** Calls a task off, whether it has begun or not. */
export function callOffTask(
  tickets: Int32Array,
  ticket: number,
  notes: Notes,
): void {
  const was = Atomics.exchange(tickets, ticket, 0);
  Atomics.store(notes, 2, was > 0 ? 1 : 0);
}

/** Adds up what a pool's workers have answered. */
export function sumOfResults(buffer: SharedArrayBuffer): number {
  const channel = new Channel({ buffer });
  let sum = 0;
  for (;;) {
    const result = channel.take((decoder) => {
      const [_id, kind] = [decoder.readWord(), decoder.readWord()];
      if (kind !== Reply.DONE) throw new Error(`an answer of kind ${kind}`);
      return decoder.read() as number;
    });
    if (result === undefined) return sum;
    sum += result;
  }
}

/** Where a thread notes its slot in the table of threads. */
export const SLOT = 8;

function enterTable(notes: Notes, at: number): Slot {
  const index = allocateSlot({
    name: "thread",
    daemon: true,
    waiter: currentWaiter(),
  });
  Atomics.store(notes, at, index);
  Atomics.notify(notes, at);
  return new Slot(index);
}

/** The slot that another thread has noted. */
function slotIn(notes: Notes, at: number): Slot {
  while (Atomics.load(notes, at) === 0) Atomics.wait(notes, at, 0);
  return new Slot(Atomics.load(notes, at));
}

/** A thread from its begin to its end. */
export function live(notes: Notes): void {
  const slot = enterTable(notes, SLOT);
  slot.begin();
  if (slot.end(Outcome.RETURNED)) Atomics.add(notes, 1, 1);
}

/** Gives that thread up. */
export function giveUp(notes: Notes): void {
  if (slotIn(notes, SLOT).end(Outcome.LOST)) Atomics.add(notes, 1, 1);
}

export function joinThread(notes: Notes): void {
  const slot = slotIn(notes, SLOT);
  slot.endedSync(Infinity);
  if (slot.isAlive) throw new Error("joined, and alive");
  Atomics.add(notes, 2, 1);
}

export async function awaitThread(notes: Notes): Promise<void> {
  const slot = slotIn(notes, SLOT);
  await slot.reached(Status.RUNNING, Infinity, true);
  await slot.reached(Status.ENDED, Infinity, true);
  Atomics.add(notes, 2, 1);
}

/** Joins the thread at the next place, and is joined. */
export function joinNext(notes: Notes, at: number, next: number): void {
  const slot = enterTable(notes, SLOT + at);
  slot.begin();
  try {
    slotIn(notes, SLOT + next).endedSync(Infinity);
    Atomics.add(notes, 1, 1);
  } catch (error) {
    if (!(error instanceof DeadlockError)) throw error;
    Atomics.add(notes, 3, 1);
  } finally {
    slot.end(Outcome.RETURNED);
  }
}

/** Joins a thread that wants the lock which this one has. */
export function joinHolding(lock: Lock, notes: Notes): void {
  using _held = lock.acquireSync();
  try {
    slotIn(notes, SLOT).endedSync(Infinity);
    Atomics.add(notes, 1, 1);
  } catch (error) {
    if (!(error instanceof DeadlockError)) throw error;
    Atomics.add(notes, 3, 1);
  }
}

export function liveLocking(lock: Lock, notes: Notes): void {
  const slot = enterTable(notes, SLOT);
  try {
    using _held = lock.acquireSync();
    Atomics.add(notes, 1, 1);
  } catch (error) {
    if (!(error instanceof DeadlockError)) throw error;
    Atomics.add(notes, 3, 1);
  } finally {
    slot.end(Outcome.RETURNED);
  }
}

const MODULE = "explored:module";
const WORKER_WAITER = 7;
/** The table of waiters of a worker that has joined no process yet. */
let ownTable: SharedArrayBuffer | undefined;

/** A worker from its start on; the module of its job waits while it loads. */
export async function serveJobs(
  buffer: SharedArrayBuffer,
  event: Event,
  notes: Notes,
): Promise<void> {
  const { port1, port2 } = new MessageChannel();
  const waiter = currentWaiter();
  const setup = {
    waiterTable: waiterTable(),
    waiter,
    table: threadTable(),
    recording: undefined,
    handover: buffer,
    line: port2,
    mayAsk: false,
    isKillable: false,
  };
  ownTable ??= new SharedArrayBuffer(setup.waiterTable.byteLength);
  new Int32Array(ownTable).fill(0, 0, 2 * waiter * STRIDE)[0] = waiter + 1;
  adoptWaiterTable(ownTable, waiter);
  offerModules([[MODULE, [], () => event.wait()]]);
  Atomics.store(notes, WORKER_WAITER, waiter);
  Atomics.notify(notes, WORKER_WAITER);
  try {
    await runJobs(setup);
  } finally {
    port1.close();
  }
}

/** Hands a job to that worker, lets its module go on, and joins the thread. */
export function startJob(
  buffer: SharedArrayBuffer,
  event: Event,
  notes: Notes,
): void {
  const handover = new Handover(buffer);
  Atomics.wait(notes, WORKER_WAITER, 0);
  const waiter = Atomics.load(notes, WORKER_WAITER);
  const index = allocateSlot({ name: "thread", daemon: true, waiter });
  Atomics.store(notes, SLOT, index);
  const target = idOf(half)!;
  handover.put({ target, args: pack([2]), modules: [MODULE] });
  handover.assign(index);
  event.set();
  const slot = new Slot(index);
  slot.endedSync(Infinity);
  Atomics.store(notes, 1, slot.outcome);
  handover.dismiss();
}

expose(import.meta, {
  awaitThread,
  callOffTask,
  giveUp,
  half,
  joinHolding,
  joinNext,
  joinThread,
  live,
  liveLocking,
  postTasks,
  sendRecords,
  sendAndRest,
  serveJobs,
  startJob,
  takeAndMeet,
  takeQuickly,
  takeRecords,
});
