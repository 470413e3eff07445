// Copyright 2026 the lab9 authors. MIT license.

import { Promise as Promises } from "../platform/platform.ts";
import { expose } from "../expose.ts";
// Whatever else is loaded, and when: queues, locks and their errors are known to
// every thread that they may be passed to.
import "../locks.ts";
import "../queue/queue.ts";
import {
  type AsyncWaitOptions,
  deadlineOf,
  waitDeadline,
  type WaitOptions,
} from "../sync/deadline.ts";
import { hold } from "../sync/keep_alive.ts";
import { checkOptions, kindOf } from "../checks.ts";
import { Damaged } from "../codec/tags.ts";
import { pack, type Packed, unexposed } from "../codec/packing.ts";
import {
  addOwnModule,
  type AnyFunction,
  byText,
  type Handle,
  handle,
  idOf,
  originOf,
  registerErrorClass,
  registerShareable,
  revive,
} from "../codec/references.ts";
import { Mark, recordSpan } from "../sync/recorder.ts";
import { reserveStackForCompiling } from "../sync/reserve_stack.ts";
import { checkStop, heedStop, isStopping } from "../sync/waiters.ts";
import { awaitThread } from "./main_end.ts";
import { Run, type Settled } from "./run.ts";
import { start, type Started } from "./starts.ts";
import {
  aliveSlots,
  checkMainThread,
  checkMayStart,
  currentSlot,
  MAIN_SLOT,
  nextThreadNumber,
  Outcome,
  Slot,
  type SlotNote,
  slotOf,
  Status,
} from "./thread_table.ts";
import { callIn, contextOf, type ContextOptions } from "./context.ts";
import { type Output, outputOf, type OutputOptions } from "./output.ts";
import {
  copyPermissions,
  type Isolation,
  isolationOf,
  type IsolationOptions,
  type WorkerPermissions,
} from "./worker_kind.ts";
import { PooledWorker } from "./worker.ts";

export type {
  AnyFunction,
  AsyncWaitOptions,
  IsolationOptions,
  OutputOptions,
  WaitOptions,
  WorkerPermissions,
};

/** Options of {@linkcode Thread}'s constructor. */
export interface ThreadOptions<F extends AnyFunction = AnyFunction>
  extends OutputOptions, ContextOptions, IsolationOptions {
  /**
   * What the target is called with.
   *
   * @default {[]}
   */
  args?: Readonly<Parameters<F>>;
  /**
   * The thread's name. Without one it is `Thread-N (target)`.
   */
  name?: string;
  /**
   * Whether the process may end while the thread is alive.
   *
   * @default {false}
   */
  daemon?: boolean;
  /**
   * What the thread may do: never more than the thread that starts it.
   *
   * @default {"none"}
   */
  permissions?: WorkerPermissions;
  /**
   * Whether the thread has a worker of its own: one that has run nothing before
   * and is kept for no other thread. Without it the thread may find what an
   * earlier thread with the same modules and permissions has left in their
   * variables.
   *
   * @default {false}
   */
  fresh?: boolean;
}

/**
 * Thrown where a thread or a task is waited for whose worker is gone: it
 * closed itself, broke down, or was given up.
 *
 * @example Usage
 * ```ts
 * import { WorkerLostError } from "@lab9/concurrency";
 * import { assertInstanceOf } from "@std/assert";
 *
 * assertInstanceOf(new WorkerLostError("The worker is gone"), Error);
 * ```
 */
export class WorkerLostError extends Error {
  static {
    registerErrorClass(this);
  }

  /** The error's name, `"WorkerLostError"`. */
  override name = "WorkerLostError";
}

/** The threads that this one started and that are alive, by their ident. */
const children = new Map<number, Thread>();
/** Whose end is awaited, and how long. */
interface Joining {
  slot: Slot;
  deadline: number;
  signal: AbortSignal | undefined;
}

/** The slot of a thread that somebody else started, in place of a target. */
class Attachment {
  constructor(readonly slot: Slot) {}
}

/**
 * A function that runs in a worker. Python's `threading.Thread`.
 *
 * The target has to be exposed (see {@linkcode expose}). Its arguments and its
 * result travel by structured clone; shared objects, such as queues, and exposed
 * functions may stand anywhere in them. The target may be async.
 *
 * A worker that has run a thread is kept for the next one, so that only the
 * first threads of a program take the time that a worker takes to start.
 *
 * @example Usage
 * ```ts no-eval
 * import { expose, Thread } from "@lab9/concurrency";
 *
 * export function square(x: number): number {
 *   return x * x;
 * }
 * expose(import.meta, { square });
 *
 * if (import.meta.main) {
 *   const thread = new Thread(square, { args: [3] });
 *   thread.start();
 *   console.log(await thread.join()); // 9
 * }
 * ```
 *
 * @typeParam F The type of the target.
 */
export class Thread<F extends AnyFunction = AnyFunction>
  implements AsyncDisposable {
  #name: string;
  #shortName: string;
  #daemon: boolean;
  #permissions: WorkerPermissions = "none";
  #isolation: Isolation | undefined;
  #isFresh = false;
  #output: Output | undefined;
  #target: F | undefined;
  #args: Packed | undefined;
  #slot: Slot | undefined;
  #run: Started | undefined;
  #watching: Promise<void> | undefined;
  #settled: Settled | undefined;
  /** How many have joined or terminated it: they get what it threw. */
  #joins = 0;

  /**
   * Makes a thread that is yet to be started.
   *
   * @param target The function to run.
   * @param options The options.
   * @throws {TypeError} If the target was never exposed, the arguments hold a
   * function that was never exposed, or the permissions or the isolation are no
   * such thing.
   * @throws {RangeError} If a worker can't do with the memory limit.
   *
   * @example Usage
   * ```ts
   * import { sleepSync, Thread } from "@lab9/concurrency";
   * import { assertEquals } from "@std/assert";
   *
   * const thread = new Thread(sleepSync, { args: [0.01], name: "sleeper" });
   * assertEquals(thread.name, "sleeper");
   * ```
   */
  constructor(
    target: F,
    options: ThreadOptions<F> & { args: Readonly<Parameters<F>> },
  );
  /**
   * The same for a target that can do without arguments.
   *
   * @param target The function to run.
   * @param options The options.
   */
  constructor(
    target: [] extends Parameters<F> ? F : never,
    options?: ThreadOptions<F>,
  );
  constructor(target: F, options: ThreadOptions<F> = {}) {
    if (target as unknown instanceof Attachment) {
      const { slot } = target as unknown as Attachment;
      this.#slot = slot;
      this.#name = slot.name;
      this.#shortName = slot.name.replace(/^(Thread-\d+) \(.*\)$/, "$1");
      this.#daemon = slot.daemon;
      return;
    }
    if (typeof target !== "function") {
      throw new TypeError(
        `Cannot create thread: the target must be a function, received ${
          kindOf(target)
        }`,
      );
    }
    if (idOf(target) === undefined) throw new TypeError(unexposed(target));
    checkOptions("create thread", options);
    const {
      args = [],
      name,
      daemon = false,
      permissions = "none",
      fresh = false,
    } = options;
    if (!Array.isArray(args)) {
      throw new TypeError(
        `Cannot create thread: args must be an array, received ${typeof args}`,
      );
    }
    if (name !== undefined && typeof name !== "string") {
      throw new TypeError(
        `Cannot create thread: the name must be a string, received ${typeof name}`,
      );
    }
    const context = contextOf("create thread", options.context);
    this.#target = context === undefined ? target : callIn as F;
    this.#args = context === undefined
      ? pack(args, -1)
      : pack([context, target, args], -2);
    // Python takes an empty name for none.
    this.#shortName = name || `Thread-${nextThreadNumber()}`;
    this.#name = name || `${this.#shortName} (${nameOf(target)})`;
    this.#daemon = daemon;
    this.#permissions = copyPermissions("create thread", permissions);
    this.#isolation = isolationOf("create thread", options, this.#permissions);
    this.#isFresh = fresh;
    this.#output = outputOf("create thread", options);
  }

  /**
   * Makes the thread that a handle stands for.
   *
   * @ignore
   */
  static [revive]({ text }: Handle): Thread {
    let slot: Slot | undefined;
    try {
      slot = slotOf(JSON.parse(text!));
    } catch {
      // It is no JSON.
    }
    if (slot === undefined) throw new Damaged("handle");
    return attached(slot);
  }

  /**
   * A thread is found by what is known of it in every thread.
   *
   * @ignore
   */
  static readonly [byText] = true;

  static {
    registerShareable(import.meta, "Thread", this);
  }

  /**
   * What is sent in place of the thread.
   *
   * @ignore
   */
  [handle](): Handle {
    if (this.#slot === undefined) {
      throw new DOMException(
        `Cannot send ${this.#name} to a thread: it was not started`,
        "DataCloneError",
      );
    }
    const { index, ident, daemon, waiter } = this.#slot;
    const note: SlotNote = { index, ident, name: this.#name, daemon, waiter };
    const text = JSON.stringify(note);
    return { type: "Thread", text, buffer: undefined as never };
  }

  /**
   * The thread's name. Python's `Thread.name`.
   *
   * @returns For example `Thread-1 (worker)`.
   */
  get name(): string {
    return this.#name;
  }

  /**
   * A number that no other thread of the process has, or had. Python's
   * `Thread.ident`.
   *
   * @returns A safe integer, not zero; undefined before the thread is started.
   */
  get ident(): number | undefined {
    return this.#slot?.ident;
  }

  /**
   * Whether the process may end while the thread is alive. Python's
   * `Thread.daemon`.
   *
   * @returns Whether it may.
   */
  get daemon(): boolean {
    return this.#daemon;
  }

  /**
   * Whether the thread was started and has not ended. Python's
   * `Thread.is_alive()`.
   *
   * @returns Whether it is alive.
   */
  get isAlive(): boolean {
    return this.#slot?.isAlive ?? false;
  }

  /**
   * What the target returned, once {@linkcode join} has seen the thread's end.
   *
   * @returns The result; undefined before, and if the target threw.
   */
  get result(): Awaited<ReturnType<F>> | undefined {
    return this.#settled?.outcome === Outcome.RETURNED
      ? this.#settled.value as Awaited<ReturnType<F>>
      : undefined;
  }

  /**
   * Starts the thread. It needs no awaiting: the thread runs on its own.
   * Python's `Thread.start`.
   *
   * @returns A promise that resolves when the target is about to be called.
   * @throws {Error} If the thread was started before, or the calling thread is
   * a worker that loads its modules.
   * @throws {DOMException} A `DataCloneError` if an argument can't be cloned.
   * @throws {Deno.errors.NotCapable} If the permissions are more than the
   * script's own.
   *
   * @example Usage
   * ```ts
   * import { sleepSync, Thread } from "@lab9/concurrency";
   *
   * const thread = new Thread(sleepSync, { args: [0.01] });
   * thread.start();
   * await thread.join();
   * ```
   */
  start(): Promise<void> {
    if (this.#slot !== undefined) {
      throw new Error(
        `Cannot start ${this.#name}: threads can only be started once`,
      );
    }
    checkMayStart(`start ${this.#name}`);
    const run = start({
      target: idOf(this.#target!)!,
      args: this.#args!,
      permissions: this.#permissions,
      isolation: this.#isolation,
      isFresh: this.#isFresh,
      isPools: false,
      hasMail: false,
      name: this.#name,
      daemon: this.#daemon,
      output: this.#output,
    });
    this.#args = undefined;
    this.#run = run;
    this.#slot = run.slot;
    children.set(run.slot.ident, this as unknown as Thread);
    const begun = run.slot.reached(Status.RUNNING, Infinity, !this.#daemon);
    const started = begun.then(() => {});
    this.#watching = this.#watch(run.slot, started);
    return started;
  }

  /**
   * Waits for the thread's end. Python's `Thread.join`, except that it tells
   * what came of the thread.
   *
   * @param options How long to wait at most, in seconds, or options that may have
   * a signal to stop waiting, too. The thread goes on either way.
   * @returns A promise that resolves to the target's result. It rejects with
   * what the target threw; its class, message and own properties are kept, and
   * its `cause` has the thread's stack.
   * @throws {TypeError} If the options, their timeout or their signal are none.
   * @throws {RangeError} If the timeout is negative.
   * @throws {Error} If the thread was not started, or is the calling one.
   * @throws {DOMException} A `TimeoutError` if the timeout passes first; an
   * `AbortError` if the thread was terminated.
   * @throws {WorkerLostError} If the thread's worker is gone.
   *
   * @example Usage
   * ```ts
   * import { sleepSync, Thread } from "@lab9/concurrency";
   * import { assertEquals } from "@std/assert";
   *
   * const thread = new Thread(sleepSync, { args: [0.01] });
   * thread.start();
   * await thread.join({ timeout: 10, signal: AbortSignal.timeout(20_000) });
   * assertEquals(thread.isAlive, false);
   * ```
   */
  async join(
    options: number | AsyncWaitOptions = {},
  ): Promise<Awaited<ReturnType<F>>> {
    const { slot, deadline, signal } = this.#checkJoin(options);
    signal?.throwIfAborted();
    if (isStopping()) await heedStop();
    this.#joins++;
    using _span = recordSpan(Mark.JOIN, slot.ident);
    let hasEnded = false;
    try {
      hasEnded = await slot.reached(Status.ENDED, deadline, true, signal);
    } finally {
      if (!hasEnded) this.#joins--;
    }
    if (!hasEnded) throw this.#timeoutError(options);
    await this.#watched();
    return this.#conclude();
  }

  /**
   * Blocks the calling thread until this one's end, otherwise as
   * {@linkcode join}.
   *
   * @param options How long to wait at most, in seconds, or as an option.
   * @returns The target's result.
   * @throws {TypeError} If the options or their timeout are none.
   * @throws {RangeError} If the timeout is negative.
   * @throws {Error} If the thread was not started, or is the calling one.
   * @throws {DOMException} A `TimeoutError` if the timeout passes first; an
   * `AbortError` if the thread was terminated.
   * @throws {WorkerLostError} If the thread's worker is gone.
   * @throws {DeadlockError} If the thread could never end, because it waits for
   * the calling one, directly or through others.
   *
   * @example Usage
   * ```ts
   * import { sleepSync, Thread } from "@lab9/concurrency";
   *
   * const thread = new Thread(sleepSync, { args: [0.01] });
   * thread.start();
   * thread.joinSync();
   * ```
   */
  joinSync(options: number | WaitOptions = {}): Awaited<ReturnType<F>> {
    const { slot, deadline } = this.#checkJoin(options);
    checkStop();
    using _span = recordSpan(Mark.JOIN, slot.ident);
    if (!slot.endedSync(deadline)) throw this.#timeoutError(options);
    // Here, where nothing of the answer is lost: it can be joined again.
    if (this.#settled === undefined) reserveStackForCompiling(slot.levels);
    if (this.#run?.collectSync(deadline) === false) {
      throw this.#timeoutError(options);
    }
    this.#joins++;
    return this.#conclude();
  }

  /**
   * Ends the thread: at once if it sleeps or waits for a queue or a lock, else
   * at its next wait. A thread that computes without ever calling the library
   * is ended by force after a moment if it is isolated (see
   * {@linkcode ThreadOptions}); else it can't be ended, and is given up, with a
   * warning. Joining the thread then throws an error. Python has nothing like it.
   *
   * @returns A promise that resolves when the thread has ended or was given up.
   * @throws {Error} If another thread started it.
   *
   * @example Usage
   * ```ts
   * import { sleepSync, Thread } from "@lab9/concurrency";
   * import { assertEquals } from "@std/assert";
   *
   * const thread = new Thread(sleepSync, { args: [3600] });
   * thread.start();
   * await thread.terminate();
   * assertEquals(thread.isAlive, false);
   * ```
   */
  async terminate(): Promise<void> {
    if (!this.isAlive) return;
    if (this.#run === undefined) {
      throw new Error(
        `Cannot terminate ${this.#name}: only the thread that started it can`,
      );
    }
    this.#joins++;
    await this.#run.stop();
    await this.#watched();
  }

  /**
   * Waits for the thread's end, if it was started; what the target threw is
   * thrown. A thread that was terminated is fine.
   *
   * @returns A promise that resolves when the thread has ended.
   *
   * @example Usage
   * ```ts
   * import { sleepSync, Thread } from "@lab9/concurrency";
   *
   * {
   *   await using thread = new Thread(sleepSync, { args: [0.01] });
   *   thread.start();
   * } // The thread has ended here.
   * ```
   */
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#slot === undefined) return;
    try {
      await this.join();
    } catch (error) {
      if (this.#settled?.outcome !== Outcome.TERMINATED) throw error;
    }
  }

  /**
   * How Python prints a thread.
   *
   * @returns For example `<Thread(Thread-1, started 140213700165632)>`.
   */
  toString(): string {
    const slot = this.#slot;
    const isMain = slot?.index === MAIN_SLOT;
    const state = slot === undefined
      ? "initial"
      : this.isAlive
      ? "started"
      : "stopped";
    const daemon = this.#daemon ? " daemon" : "";
    const ident = slot === undefined ? "" : ` ${slot.ident}`;
    return `<${
      isMain ? "_MainThread" : "Thread"
    }(${this.#shortName}, ${state}${daemon}${ident})>`;
  }

  /**
   * What `console.log` prints.
   *
   * @returns The same as {@linkcode toString}.
   */
  [Symbol.for("Deno.customInspect")](): string {
    return this.toString();
  }

  /** Sees the thread to its end, whether or not anyone joins it. */
  async #watch(slot: Slot, started: Promise<void>): Promise<void> {
    using _alive = this.#daemon ? undefined : awaitThread();
    // What awaits the start goes on first.
    await started.then(() => {});
    await slot.reached(Status.ENDED, Infinity, false);
    await this.#run!.collect();
    this.#settle();
    const { outcome } = this.#settled!;
    // Who ends a thread on purpose has said so, as by Python's `sys.exit()`.
    const isIntended = outcome === Outcome.RETURNED ||
      outcome === Outcome.CLOSED;
    if (this.#joins > 0 || isIntended) return;
    console.error(`Exception in thread ${this.#name}:`, this.#failure());
  }

  /** After a join, nothing of the thread still goes on. */
  async #watched(): Promise<void> {
    using _alive = hold();
    await this.#watching;
  }

  #settle(): void {
    if (this.#run === undefined || this.#settled !== undefined) return;
    this.#settled = this.#run.settle();
    children.delete(this.#slot!.ident);
  }

  #conclude(): Awaited<ReturnType<F>> {
    this.#settle();
    // Only the thread that started another knows what came of it.
    if (this.#settled === undefined) return undefined as never;
    if (this.#settled.outcome !== Outcome.RETURNED) throw this.#failure();
    return this.#settled.value as Awaited<ReturnType<F>>;
  }

  #failure(): unknown {
    const { outcome, error } = this.#settled as Settled & { error: unknown };
    switch (outcome) {
      case Outcome.THREW:
        return error;
      case Outcome.TERMINATED:
        return new DOMException(`${this.#name} was terminated`, "AbortError");
      case Outcome.CLOSED:
        return new WorkerLostError(
          `${this.#name} closed its worker, by self.close() or Deno.exit()`,
        );
    }
    const message = error instanceof Error
      ? `The worker of ${this.#name} broke down: ${error.message}`
      : `${this.#name} was terminated while it computed, and given up`;
    const { cause } = (error ?? {}) as Error;
    return new WorkerLostError(message, cause === undefined ? {} : { cause });
  }

  #checkJoin(options: number | AsyncWaitOptions): Joining {
    const action = `join ${this.#name}`;
    const { signal } = Object(options) as AsyncWaitOptions;
    const deadline = typeof options === "number"
      ? deadlineOf(action, options)
      : waitDeadline(action, options);
    if (this.#slot === undefined) {
      throw new Error(`Cannot join ${this.#name}: it was not started`);
    }
    if (this.#slot.index === currentSlot() && this.isAlive) {
      throw new Error(`Cannot join ${this.#name}: it is the current thread`);
    }
    return { slot: this.#slot, deadline, signal };
  }

  #timeoutError(options: number | WaitOptions): DOMException {
    const timeout = typeof options === "number" ? options : options.timeout;
    return new DOMException(
      `Cannot join ${this.#name}: it was alive after ${timeout} seconds`,
      "TimeoutError",
    );
  }
}

/** The name that a function was exposed under. */
function nameOf(fn: AnyFunction): string {
  return originOf(fn)!.name.replace(/^lab9\./, "");
}

/** The threads that others started, or the main one, by their ident. */
const others = new Map<number, WeakRef<Thread>>();
/** The thread that runs here: it is always the same object. */
let current: Thread | undefined;
/** How many there were when those were last taken out that nobody has. */
let othersKept = 0;

/** The one object that stands for a thread here. */
function attached(slot: Slot): Thread {
  const known = children.get(slot.ident) ?? others.get(slot.ident)?.deref();
  if (known !== undefined) return known;
  const thread = new Thread(new Attachment(slot) as unknown as AnyFunction);
  if (others.size > 2 * othersKept + 64) {
    for (const [ident, other] of others) {
      if (other.deref() === undefined) others.delete(ident);
    }
    othersKept = others.size;
  }
  others.set(slot.ident, new WeakRef(thread));
  return thread;
}

/**
 * The thread that calls it. Python's `threading.current_thread`.
 *
 * @returns The thread.
 *
 * @example Usage
 * ```ts
 * import { currentThread } from "@lab9/concurrency";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(currentThread().name, "MainThread");
 * ```
 */
export function currentThread(): Thread {
  const slot = new Slot(currentSlot());
  if (current?.ident !== slot.ident) current = attached(slot);
  return current;
}

/**
 * The ident of the thread that calls it. Python's `threading.get_ident`.
 *
 * @returns A safe integer, not zero.
 *
 * @example Usage
 * ```ts
 * import { currentThread, getIdent } from "@lab9/concurrency";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(getIdent(), currentThread().ident);
 * ```
 */
export function getIdent(): number {
  return new Slot(currentSlot()).ident;
}

/**
 * The threads that are alive, the main one first and then in the order of their
 * start. Python's `threading.enumerate`.
 *
 * @returns The threads.
 *
 * @example Usage
 * ```ts
 * import { enumerate } from "@lab9/concurrency";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(enumerate()[0].name, "MainThread");
 * ```
 */
export function enumerate(): Thread[] {
  return aliveSlots().map(attached);
}

/**
 * How many threads are alive, the main one included. Python's
 * `threading.active_count`.
 *
 * @returns The number of threads.
 *
 * @example Usage
 * ```ts
 * import { activeCount, enumerate } from "@lab9/concurrency";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(activeCount(), enumerate().length);
 * ```
 */
export function activeCount(): number {
  return aliveSlots().length;
}

/** Does nothing: what {@linkcode prestartWorkers} has its workers run. */
function idle(): void {}

// In a bundle a user's module has the same URL: its names are others.
expose(import.meta, { "lab9.idle": idle });
addOwnModule(import.meta);

/**
 * Starts workers ahead of the threads that will use them, so that those start
 * in no time. A worker takes 10 to 20 ms to start, and blocks the main thread
 * meanwhile.
 *
 * @param count How many idle workers there should be at least.
 * @returns A promise that resolves when they are ready.
 * @throws {TypeError} If the count is not a number.
 * @throws {RangeError} If the count is not a non-negative integer.
 *
 * @example Usage
 * ```ts
 * import { prestartWorkers, sleepSync, Thread } from "@lab9/concurrency";
 *
 * await prestartWorkers(2);
 * const thread = new Thread(sleepSync, { args: [0.01] });
 * thread.start(); // at once
 * await thread.join();
 * ```
 */
export async function prestartWorkers(count: number): Promise<void> {
  if (typeof count !== "number") {
    throw new TypeError(
      `Cannot start workers: the count must be a number, received ${typeof count}`,
    );
  }
  if (!Number.isInteger(count) || count < 0) {
    throw new RangeError(
      "Cannot start workers: the count must be a non-negative integer, " +
        `received ${count}`,
    );
  }
  checkMainThread("start workers");
  await Promises.all(Array.from({ length: count }, (_, i) => prestart(i + 1)));
}

/** Sees a worker to where it is ready; it stays one that has run nobody's code. */
async function prestart(number: number): Promise<void> {
  const run = new Run({
    target: idOf(idle)!,
    args: pack([]),
    worker: PooledWorker.fresh({ permissions: "none" }),
    needs: undefined,
    isKept: true,
    name: `Prestart-${number}`,
    daemon: true,
  });
  await run.slot.reached(Status.ENDED, Infinity, true);
  const settled = run.settle();
  if (settled.outcome === Outcome.RETURNED) return;
  throw new WorkerLostError(
    `Cannot start workers: ${(settled.error as Error | undefined)?.message}`,
  );
}
