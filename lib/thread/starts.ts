// Copyright 2026 the lab9 authors. MIT license.

/**
 * How a function is started in a worker. The main thread creates all workers. Another
 * thread asks the main thread to start a thread for it, by its line (see `line.ts`).
 * It needs no permission for that. The new thread gets no more permissions than the
 * thread that asked, its starter.
 *
 * The starter waits for its threads and orders them to end by their slots in shared
 * memory, as the main thread does. The main thread passes on what goes to their
 * workers and what comes from them. It keeps the process alive while one of them runs
 * that isn't a daemon.
 *
 * When the starter ends, the main thread takes its threads over. Workers of pools are
 * ended. Threads go on, as in Python.
 *
 * @module
 */

import type { Packed } from "../codec/packing.ts";
import { transferList } from "../codec/packing.ts";
import { stopped } from "../sync/waiters.ts";
import type { Registry } from "../codec/references.ts";
import {
  askMainThread,
  countStartedThread,
  onStartRequests,
  reachOut,
  type Reply,
} from "./line.ts";
import { awaitThread } from "./main_end.ts";
import { copyPermissions, isolationOf, narrowed } from "./worker_kind.ts";
import { needsOf } from "./modules.ts";
import {
  endsInTime,
  readSettled,
  Run,
  type Settled,
  type Unread,
  warnOfGivenUp,
} from "./run.ts";
import {
  isMainThread,
  Outcome,
  Slot,
  type SlotNote,
  slotOf,
  Status,
} from "./thread_table.ts";
import type { StartOptions, StartRequest } from "./messages.ts";
import { PooledWorker } from "./worker.ts";

/** A call of a function in a worker, as its starter sees it. See {@linkcode Run}. */
export interface Started {
  readonly slot: Slot;
  sendMail(mail: Packed): void;
  takeMail(): Packed | undefined;
  mailArrives(): Promise<void> | undefined;
  collect(): Promise<void>;
  collectSync(deadline: number): boolean;
  settle(): Settled;
  stop(): Promise<void>;
}

/**
 * Starts a function in a worker.
 *
 * @param registry The modules that a fresh worker can load. The default is all that
 * have exposed something by now. It is ignored unless the main thread calls this.
 */
export function start(options: StartOptions, registry?: Registry): Started {
  return isMainThread()
    ? startHere(options, registry)
    : new DistantRun(options);
}

function startHere(options: StartOptions, registry?: Registry): Run {
  const { target, args, isFresh } = options;
  const needs = needsOf(target, args);
  const worker = isFresh
    ? PooledWorker.fresh(options, registry)
    : PooledWorker.acquire(options, needs);
  return new Run({ ...options, worker, needs, isKept: !isFresh });
}

/** A run that the main thread has started for this thread. */
class DistantRun implements Started {
  readonly slot: Slot;
  #settled: Settled | undefined;

  constructor(options: StartOptions) {
    reachOut();
    const transfer = transferList(options.args);
    this.slot = slotOf(askMainThread({ starts: options }, transfer))!;
    countStartedThread(1);
  }

  sendMail(mail: Packed): void {
    this.#ask("send mail", mail, transferList(mail));
  }

  takeMail(): Packed | undefined {
    return this.#ask("take mail") as Packed | undefined;
  }

  mailArrives(): undefined {}

  async collect(): Promise<void> {}

  collectSync(): boolean {
    return true;
  }

  settle(): Settled {
    return this.#settled ??= this.#settle();
  }

  #settle(): Settled {
    const unread = this.#ask("settle") as Unread | undefined;
    // This thread has ended, and the run was taken over.
    if (unread === undefined) throw stopped();
    countStartedThread(-1);
    return readSettled(unread);
  }

  async stop(): Promise<void> {
    if (!this.slot.isAlive) return;
    const isParked = this.#ask("stop") === true;
    if (await endsInTime(this.slot, isParked)) return;
    if (this.#ask("give up")) warnOfGivenUp(this.slot.name);
  }

  #ask(
    does: Exclude<StartRequest, { starts: unknown }>["does"],
    mail?: Packed,
    transfer?: Transferable[],
  ): unknown {
    return askMainThread({ does, of: this.slot.ident, mail }, transfer);
  }
}

/** A thread that was started for another one, its parent; in the main thread. */
class Child {
  readonly run: Run;
  #isPools: boolean;
  #parent: Slot;
  /** Whether the outcome was taken. */
  #isTaken = false;

  constructor(parent: Slot, options: StartOptions) {
    this.#parent = parent;
    this.run = startHere(options);
    this.#isPools = options.isPools;
    this.#watch(options);
  }

  /** Takes the outcome, for the parent. */
  take(): Unread {
    this.#isTaken = true;
    return this.run.take();
  }

  /** Handles the end of the parent. */
  orphan(): void {
    if (!this.run.slot.isAlive) this.#bury();
    else if (this.#isPools) this.run.stop();
  }

  async #watch({ daemon }: StartOptions): Promise<void> {
    using _alive = daemon ? undefined : awaitThread();
    await this.run.slot.reached(Status.ENDED, Infinity, false);
    if (!this.#parent.isAlive) this.#bury();
  }

  /** Does what the ended parent would have done: it prints an error of the thread. */
  #bury(): void {
    if (this.#isTaken) return;
    this.#isTaken = true;
    const settled = this.run.settle();
    if (this.#isPools || !("error" in settled)) return;
    const { outcome, error } = settled;
    if (outcome === Outcome.CLOSED || outcome === Outcome.TERMINATED) return;
    console.error(`Exception in thread ${this.run.slot.name}:`, error);
  }
}

/** A thread, and the threads that were started for it, by their idents. */
interface Family {
  parent: Slot;
  children: Map<number, Child>;
}

/** The family of the thread that a worker runs, or ran last. */
const families = new WeakMap<PooledWorker, Family>();

onStartRequests((worker: PooledWorker, request: StartRequest): Reply => {
  const { parent, children } = familyOf(worker);
  if ("starts" in request) {
    if (!parent.isAlive) throw new Error("Cannot start thread: it has ended");
    const child = new Child(parent, checked(worker, request.starts));
    const { index, ident, name, daemon, waiter } = child.run.slot;
    children.set(ident, child);
    return { value: { index, ident, name, daemon, waiter } satisfies SlotNote };
  }
  const child = children.get(request.of);
  // The outcome was taken already.
  if (child === undefined) return { value: undefined };
  const { run } = child;
  switch (request.does) {
    case "send mail":
      return { value: run.sendMail(request.mail!) };
    case "take mail": {
      const value = run.takeMail();
      return { value, transfer: value && transferList(value) };
    }
    case "stop":
      return { value: run.orderStop() };
    case "give up":
      return { value: run.giveUp() };
    case "settle": {
      children.delete(request.of);
      const value = child.take();
      return { value, transfer: transferOf(value) };
    }
  }
}, (worker: PooledWorker, request: StartRequest): number => {
  if (!("does" in request) || request.does !== "settle") return 0;
  const child = families.get(worker)?.children.get(request.of);
  return child?.run.slot.levels ?? 0;
});

function transferOf({ answer }: Unread): Transferable[] | undefined {
  return answer && "value" in answer ? transferList(answer.value) : undefined;
}

function familyOf(worker: PooledWorker): Family {
  let family = families.get(worker);
  if (family === undefined || worker.slot !== 0 && !family.parent.isAlive) {
    family = { parent: new Slot(worker.slot), children: new Map() };
    families.set(worker, family);
    watchParent(family);
  }
  return family;
}

async function watchParent({ parent, children }: Family): Promise<void> {
  using _alive = parent.daemon ? undefined : awaitThread();
  await parent.reached(Status.ENDED, Infinity, false);
  for (const child of children.values()) child.orphan();
  children.clear();
}

/**
 * Checks the options of a thread that another one asks for. The user's code in the
 * asking worker may have sent anything.
 */
function checked(
  worker: PooledWorker,
  {
    target,
    args,
    name,
    daemon,
    permissions,
    isolation,
    isFresh,
    isPools,
    output,
  }: StartOptions,
): StartOptions {
  const action = "start thread";
  const granted = narrowed(
    worker.permissions,
    copyPermissions(action, permissions),
  );
  return {
    target: Number(target),
    args,
    name: String(name),
    daemon: daemon === true,
    permissions: granted,
    isolation: isolation && isolationOf(
      action,
      { ...isolation, isolation: "killable" },
      granted,
    ),
    isFresh: isFresh === true,
    isPools: isPools === true,
    // The answer is to be passed on, so it has to come as a message.
    hasMail: true,
    output,
  };
}
