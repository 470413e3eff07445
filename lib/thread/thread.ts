// Copyright 2026 the lab9 authors. MIT license.

import { Promise as Promises } from "../platform/platform.ts";
import { expose } from "../expose.ts";
// Every thread has to know queues, locks and their errors before one is sent to it.
import "../locks.ts";
import "../queue/queue.ts";
import {
  type AsyncWaitOptions,
  deadlineOf,
  waitDeadline,
  type WaitOptions,
} from "../sync/deadline.ts";
import { hold } from "../sync/keep_alive.ts";
import {
  checkArray,
  checkFlag,
  checkNumber,
  checkOptions,
  checkString,
  refusedBy,
} from "../checks.ts";
import { Damaged } from "../codec/tags.ts";
import { checkExposed, pack, type Packed } from "../codec/packing.ts";
import {
  addOwnModule,
  type AnyFunction,
  byText,
  type Handle,
  handle,
  idOf,
  originOf,
  registerShareable,
  revive,
} from "../codec/references.ts";
import { Mark, recordSpan } from "../sync/recorder.ts";
import { reserveStackForCompiling } from "../sync/reserve_stack.ts";
import {
  checkStop,
  checkStopAfterwards,
  heedStop,
  isStopping,
} from "../sync/waiters.ts";
import { WorkerLostError } from "./errors.ts";
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
export { WorkerLostError };

/** Options of {@linkcode Thread}'s constructor. */
export interface ThreadOptions<F extends AnyFunction = AnyFunction>
  extends OutputOptions, ContextOptions, IsolationOptions {
  /**
   * The arguments of the target.
   *
   * @default {[]}
   */
  args?: Readonly<Parameters<F>>;
  /**
   * The thread's name. The default is `Thread-N (target)`, with a number `N`.
   */
  name?: string;
  /**
   * Whether the process may end while the thread is alive.
   *
   * @default {false}
   */
  daemon?: boolean;
  /**
   * The thread's permissions. They can't be more than those of the thread that starts
   * it.
   *
   * @default {"none"}
   */
  permissions?: WorkerPermissions;
  /**
   * Whether the thread gets a worker that runs no other thread before or after.
   * Otherwise the variables of its modules may have the values that an earlier thread
   * with the same modules and permissions has left in them.
   *
   * @default {false}
   */
  fresh?: boolean;
}

/** The living threads that were started here, by their idents. */
const children = new Map<number, Thread>();

/** The checked arguments of a join. */
interface Joining {
  slot: Slot;
  deadline: number;
  signal: AbortSignal | undefined;
}

/**
 * Passed to the constructor in place of a target, for an object that stands for a
 * thread which was started elsewhere.
 */
class Attachment {
  readonly slot: Slot;

  constructor(slot: Slot) {
    this.slot = slot;
  }
}

/**
 * A thread, which runs a function in a worker. Python's `threading.Thread`.
 *
 * The function, its target, has to be exposed (see {@linkcode expose}). It may be
 * async. Its arguments and its result are sent by structured clone. They may hold
 * exposed functions, and objects that threads share, such as queues.
 *
 * A worker that has run a thread is kept for the next one, because a worker takes
 * some time to start.
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
  /** How many callers join or terminate it. They get the error that it throws. */
  #joins = 0;

  /**
   * Creates a thread. {@linkcode start} starts it.
   *
   * @param target The function to run.
   * @param options The options.
   * @throws {TypeError} If the target or a function in the arguments was never
   * exposed, or an option has the wrong type.
   * @throws {RangeError} If the memory limit is too small for a worker.
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
   * Creates a thread for a target that needs no arguments.
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
    checkExposed("create thread", "the target", target);
    checkOptions("create thread", options);
    const {
      args = [],
      name,
      daemon = false,
      permissions = "none",
      fresh = false,
    } = options;
    checkArray("create thread", "args", args);
    if (name !== undefined) checkString("create thread", "the name", name);
    checkFlag("create thread", "daemon", daemon);
    checkFlag("create thread", "fresh", fresh);
    const context = contextOf("create thread", options.context);
    this.#target = context === undefined ? target : callIn as F;
    try {
      this.#args = context === undefined
        ? pack(args, -1)
        : pack([context, target, args], -2);
    } catch (error) {
      throw refusedBy(Thread, error);
    }
    // In Python, too, an empty name is replaced by the default.
    this.#shortName = name || `Thread-${nextThreadNumber()}`;
    this.#name = name || `${this.#shortName} (${nameOf(target)})`;
    this.#daemon = daemon;
    this.#permissions = copyPermissions("create thread", permissions);
    this.#isolation = isolationOf("create thread", options, this.#permissions);
    this.#isFresh = fresh;
    this.#output = outputOf("create thread", options);
  }

  /**
   * Returns the thread that a handle describes.
   *
   * @ignore
   */
  static [revive]({ text }: Handle): Thread {
    let slot: Slot | undefined;
    try {
      slot = slotOf(JSON.parse(text!));
    } catch {
      // It is not JSON.
    }
    if (slot === undefined) throw new Damaged("handle");
    return attached(slot);
  }

  /**
   * Whether its handle has a text instead of shared memory.
   *
   * @ignore
   */
  static readonly [byText] = true;

  static {
    registerShareable(import.meta, "Thread", this);
  }

  /**
   * The handle that is sent in place of the thread.
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
   * The thread's number. No other thread of the process has or had the same. Python's
   * `Thread.ident`.
   *
   * @returns A safe integer, not zero. It is undefined before the thread is started.
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
    checkStopAfterwards();
    return this.#isAlive;
  }

  get #isAlive(): boolean {
    return this.#slot?.isAlive ?? false;
  }

  /**
   * The result of the target, once a {@linkcode join} has returned.
   *
   * @returns The result. It is undefined before, and if the target threw.
   */
  get result(): Awaited<ReturnType<F>> | undefined {
    return this.#settled?.outcome === Outcome.RETURNED
      ? this.#settled.value as Awaited<ReturnType<F>>
      : undefined;
  }

  /**
   * Starts the thread. The returned promise needn't be awaited. Python's
   * `Thread.start`.
   *
   * @returns A promise that resolves when the target is about to be called.
   * @throws {Error} If the thread was started before, or if this is a worker that is
   * loading its modules.
   * @throws {DOMException} A `DataCloneError` if an argument can't be cloned.
   * @throws {Deno.errors.NotCapable} If the permissions are more than those of the
   * calling thread.
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
   * Waits for the thread's end. Python's `Thread.join`, which doesn't return the
   * target's result nor raise its error.
   *
   * @param options The timeout in seconds, or options with a timeout and a signal that
   * ends the wait. Neither ends the thread.
   * @returns A promise that resolves to the target's result. It rejects with the error
   * that the target threw: its class, message and own properties are kept, and its
   * `cause` has the thread's stack.
   * @throws {TypeError} If the options, the timeout or the signal have the wrong type.
   * @throws {RangeError} If the timeout is negative.
   * @throws {Error} If the thread was not started, or is the calling thread.
   * @throws {DOMException} A `TimeoutError` if the timeout passes first. An
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
    if (isStopping()) await heedStop();
    signal?.throwIfAborted();
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
   * Blocks the calling thread until this thread has ended. Otherwise it is as
   * {@linkcode join}. Python's `Thread.join`.
   *
   * @param options The timeout in seconds, or options with a timeout.
   * @returns The target's result. If the target threw, its error is thrown.
   * @throws {TypeError} If the options or the timeout have the wrong type.
   * @throws {RangeError} If the timeout is negative.
   * @throws {Error} If the thread was not started, or is the calling thread.
   * @throws {DOMException} A `TimeoutError` if the timeout passes first. An
   * `AbortError` if the thread was terminated.
   * @throws {WorkerLostError} If the thread's worker is gone.
   * @throws {DeadlockError} If the thread can never end, because it waits for the
   * calling thread, directly or through others.
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
    const { slot, deadline, signal } = this.#checkJoin(options);
    checkStop();
    signal?.throwIfAborted();
    using _span = recordSpan(Mark.JOIN, slot.ident);
    if (!slot.endedSync(deadline)) throw this.#timeoutError(options);
    // Before the answer is taken: if this throws, the thread can be joined again.
    if (this.#settled === undefined) reserveStackForCompiling(slot.levels);
    if (this.#run?.collectSync(deadline) === false) {
      throw this.#timeoutError(options);
    }
    this.#joins++;
    return this.#conclude();
  }

  /**
   * Ends the thread. A thread that sleeps, or waits for a queue or a lock, ends at
   * once. Another one ends when it calls the library next. To join the thread then
   * throws an error. Python has nothing like it.
   *
   * A thread that computes and never calls the library is ended by force after a
   * moment if it is isolated (see {@linkcode ThreadOptions}). Otherwise it can't be
   * ended: it is given up, and a warning is printed.
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
    if (!this.#isAlive) return;
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
   * Joins the thread if it was started.
   *
   * @returns A promise that resolves when the thread has ended, also if it was
   * terminated. It rejects with the error that the target threw.
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
   * The text that Python prints for a thread.
   *
   * @returns For example `<Thread(Thread-1, started 140213700165632)>`.
   */
  toString(): string {
    const slot = this.#slot;
    const isMain = slot?.index === MAIN_SLOT;
    const state = slot === undefined
      ? "initial"
      : this.#isAlive
      ? "started"
      : "stopped";
    const daemon = this.#daemon ? " daemon" : "";
    const ident = slot === undefined ? "" : ` ${slot.ident}`;
    return `<${
      isMain ? "_MainThread" : "Thread"
    }(${this.#shortName}, ${state}${daemon}${ident})>`;
  }

  /**
   * The text that `console.log` prints.
   *
   * @returns The same as {@linkcode toString}.
   */
  [Symbol.for("Deno.customInspect")](): string {
    return this.toString();
  }

  /** Waits for the end, even if nobody joins. It prints an error that nobody gets. */
  async #watch(slot: Slot, started: Promise<void>): Promise<void> {
    using _alive = this.#daemon ? undefined : awaitThread();
    // Callers that await the start go on first.
    await started.then(() => {});
    await slot.reached(Status.ENDED, Infinity, false);
    await this.#run!.collect();
    this.#settle();
    const { outcome } = this.#settled!;
    // A thread that closes its worker means to end, as with Python's `sys.exit()`.
    const isIntended = outcome === Outcome.RETURNED ||
      outcome === Outcome.CLOSED;
    if (this.#joins > 0 || isIntended) return;
    console.error(`Exception in thread ${this.#name}:`, this.#failure());
  }

  /** Waits until the thread's end was handled: nothing goes on after a join. */
  async #watched(): Promise<void> {
    using _alive = hold();
    await this.#watching;
  }

  /** Reads the outcome, once. */
  #settle(): void {
    if (this.#run === undefined || this.#settled !== undefined) return;
    this.#settled = this.#run.settle();
    children.delete(this.#slot!.ident);
  }

  /** Returns the result, or throws the error, of the ended thread. */
  #conclude(): Awaited<ReturnType<F>> {
    this.#settle();
    // Only the thread that started this one knows the outcome.
    if (this.#settled === undefined) return undefined as never;
    if (this.#settled.outcome !== Outcome.RETURNED) throw this.#failure();
    return this.#settled.value as Awaited<ReturnType<F>>;
  }

  /** The error of a thread that didn't return. */
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
    if (this.#slot.index === currentSlot() && this.#isAlive) {
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

/** The threads that were started elsewhere, and the main one, by their idents. */
const others = new Map<number, WeakRef<Thread>>();
/** The running thread. It is always the same object. */
let current: Thread | undefined;
/** How many entries `others` had after it was cleaned up last. */
let othersKept = 0;

/** The object that stands for a thread here. A thread has only one. */
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
 * The calling thread. Python's `threading.current_thread`.
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
  checkStopAfterwards();
  const slot = new Slot(currentSlot());
  if (current?.ident !== slot.ident) current = attached(slot);
  return current;
}

/**
 * The ident of the calling thread. Python's `threading.get_ident`.
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
  checkStopAfterwards();
  return new Slot(currentSlot()).ident;
}

/**
 * The threads that are alive: the main thread, and then the others in the order of
 * their start. Python's `threading.enumerate`.
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
  checkStopAfterwards();
  return aliveSlots().map(attached);
}

/**
 * The number of threads that are alive, with the main thread. Python's
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
  checkStopAfterwards();
  return aliveSlots().length;
}

/** Does nothing. The workers of {@linkcode prestartWorkers} run it. */
function idle(): void {}

// The name has a prefix: in a bundle, users' modules have the same URL as this one.
expose(import.meta, { "lab9.idle": idle });
addOwnModule(import.meta);

/**
 * Starts workers ahead, so that the threads that will use them start in no time. A
 * worker takes 10 to 20 ms to start, and blocks the main thread meanwhile.
 *
 * @param count How many workers are to be idle afterwards, at least.
 * @returns A promise that resolves when the workers are ready.
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
  checkNumber("start workers", "the count", count);
  if (!Number.isInteger(count) || count < 0) {
    throw new RangeError(
      "Cannot start workers: the count must be a non-negative integer, " +
        `received ${count}`,
    );
  }
  checkMainThread("start workers");
  await Promises.all(Array.from({ length: count }, (_, i) => prestart(i + 1)));
}

/** Starts a worker and waits until it is idle. It runs no code of the user's. */
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
