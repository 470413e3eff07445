// Copyright 2026 the lab9 authors. MIT license.

import { refusePromise } from "../checks.ts";
import {
  Board,
  type Decision,
  FIRST_MEMORY,
  MOST_THREADS,
  type Orders,
  Outcome,
} from "./board.ts";
import { EXPLORES, instrumentUrl, type TracedStep } from "./instrument.ts";
import { findMemory } from "./memories.ts";
import { type Member, Service, type Thrown } from "./service.ts";
import {
  type CrewJob,
  type CrewSetup,
  type LoadError,
  serveExplorerKey,
  threadWorkerUrl,
} from "./thread_worker.ts";
import { pack, post, unexposed } from "../codec/packing.ts";
import { unpackThrown } from "../codec/portable_error.ts";
import {
  type AnyFunction,
  currentRegistry,
  idOf,
  moduleOf,
} from "../codec/references.ts";
import { areMessagesLate, moduleUrl } from "../platform/platform.ts";
import {
  allocateWaiter,
  assignWaiter,
  releaseWaiter,
  waiterTable,
} from "../sync/waiters.ts";
import { enterLockWait, leaveLockWait } from "../locks/wait_graph.ts";
import { checkKernel, checkRequirements } from "../platform/requirements.ts";
import {
  allocateSlot,
  Slot,
  THREADS,
  threadTable,
} from "../thread/thread_table.ts";
import { currentWorkerClass } from "../thread/new_worker.ts";
import { serverUrl, WORKER_NAME } from "../thread/worker_server.ts";

/** A thread of a scenario. */
export interface ScenarioThread {
  /** The exposed function that the thread runs. */
  target: AnyFunction;
  /**
   * The arguments of the function.
   *
   * @default {[]}
   */
  args?: readonly unknown[];
  /**
   * The thread's name.
   *
   * @default {"Thread-1 (target)"}
   */
  name?: string;
}

/** A schedule that was run. */
export interface Run {
  outcome: Outcome;
  decisions: Decision[];
  /** The number of decisions at which several threads could go on. */
  forks: number;
  /** The names of the threads, in their order. */
  threads: string[];
  /** The first thread that threw, and its error. */
  thrown?: Thrown;
  /** The threads that waited when no thread could go on. */
  waiting: number[];
  /** The error that `atRest` has thrown. */
  unrest?: { error: unknown };
  /** The steps of each thread, if they were traced. */
  traces: TracedStep[][];
}

/** Options that all schedules of an exploration have in common. */
export interface RunOptions {
  /** The seed of the threads' random numbers. */
  seed: number;
  /** In seconds; see {@linkcode ExploreOptions}. */
  longestTimeout: number;
  /** Whether the steps are recorded. @default {false} */
  isTraced?: boolean;
  /** Is called when all threads that are left wait, with their names. */
  atRest?: (waiting: readonly string[]) => void;
}

/** How long a thread may take for a step, in milliseconds. */
const STEP_MS = 20_000;

/** The workers that run a scenario's threads, one schedule after another. */
export class Crew implements Disposable {
  readonly #board = new Board();
  readonly #members: Member[] = [];
  #failures: LoadError[] = [];

  constructor() {
    stockNodes();
    stockSlots();
  }

  /** Starts workers until there are so many. */
  async grow(threads: number): Promise<void> {
    if (threads > MOST_THREADS) {
      throw new RangeError(
        `Cannot explore: a scenario may have ${MOST_THREADS} threads, ` +
          `received ${threads}`,
      );
    }
    const added: Promise<void>[] = [];
    while (this.#members.length < threads) added.push(this.#addMember());
    await Promise.all(added);
  }

  /** Runs a schedule. */
  async run(
    threads: readonly ScenarioThread[],
    orders: Orders,
    { seed, longestTimeout, isTraced = false, atRest }: RunOptions,
  ): Promise<Run> {
    const options = { seed, longestTimeout, isTraced };
    const jobs = this.#jobsOf(threads, options);
    const names = jobs.map(({ name }) => name);
    using service = new Service(this.#board, this.#members, names, options);
    using _numbers = numberThreadsAfter(threads.length);
    this.#board.lay(threads.length, orders);
    sortSpareWaiters();
    for (const [i, member] of this.#members.entries()) {
      // This gets the same waiter again, unless its turns are used up.
      releaseWaiter(member.waiter);
      member.waiter = allocateWaiter();
      if (i < jobs.length) this.#assign(member, jobs[i]);
      else if (member.slot !== 0) {
        new Slot(member.slot).free();
        member.slot = 0;
      }
    }
    this.#board.begin();
    this.#serveUntilOver(service);
    let unrest: Run["unrest"];
    if (this.#board.outcome === Outcome.STUCK) {
      unrest = atRest && this.#look(service.names, atRest);
      this.#board.unwind();
      this.#serveUntilOver(service);
    }
    if (areMessagesLate) await this.#reportsArrive(service);
    return { ...this.#report(service, isTraced), unrest };
  }

  async #reportsArrive(service: Service): Promise<void> {
    for (let thread = 0; thread < this.#board.threads; thread++) {
      if (this.#board.hasReported(thread)) await service.reportArrives(thread);
    }
  }

  #jobsOf(
    threads: readonly ScenarioThread[],
    options: Pick<CrewJob, "isTraced" | "seed" | "longestTimeout">,
  ): CrewJob[] {
    const memories = new Map<SharedArrayBuffer, number>();
    const packed = threads.map(({ target, args = [] }) => {
      const id = this.#idOf(target);
      const packed = pack(args, -1);
      findMemory(packed, memories, () => FIRST_MEMORY + memories.size);
      return { target: id, args: packed };
    });
    return threads.map((thread, i) => ({
      ...options,
      ...packed[i],
      seed: options.seed + i,
      slot: 0,
      waiter: 0,
      name: nameOf(thread, i),
      memories: [...memories],
      isStarted: false,
      isPools: false,
    }));
  }

  /** Has a worker run a thread that the scenario names. */
  #assign(member: Member, job: CrewJob): void {
    const { name } = job;
    const waiter = job.waiter = member.waiter;
    assignWaiter(waiter, name);
    member.slot ||= allocateSlot({ name, daemon: true, waiter });
    job.slot = member.slot;
    post(member.worker, job, job.args.transferables);
  }

  /** Answers the requests of the threads, until none of them has the turn. */
  #serveUntilOver(service: Service): void {
    for (;;) {
      if (!this.#board.over(STEP_MS)) {
        throw new Error(
          "Cannot explore: a thread has run for 20 seconds without touching " +
            "what other threads see, let it call Atomics.load() or something " +
            "of the library in its loop",
        );
      }
      if (this.#board.asker < 0) return;
      service.serve();
    }
  }

  /** Calls `atRest`. It returns the error that this throws. */
  #look(
    names: string[],
    atRest: (waiting: readonly string[]) => void,
  ): Run["unrest"] {
    let result: unknown;
    try {
      result = atRest(
        names.filter((_, thread) => this.#board.wasWaiting(thread)),
      );
    } catch (error) {
      return { error };
    }
    refusePromise("explore", "atRest", result);
  }

  /** Ends the workers. */
  [Symbol.dispose](): void {
    for (const { worker, port, waiter, slot } of this.#members.splice(0)) {
      port.close();
      worker.terminate();
      if (slot !== 0) new Slot(slot).free();
      releaseWaiter(waiter);
    }
  }

  #report(service: Service, isTraced: boolean): Run {
    const board = this.#board;
    const run: Run = {
      outcome: board.outcome,
      decisions: Array.from(
        { length: board.decisions },
        (_, i) => board.decision(i),
      ),
      forks: board.forks,
      threads: service.names,
      waiting: [],
      traces: [],
    };
    for (const [i] of service.names.entries()) {
      if (board.wasWaiting(i)) run.waiting.push(i);
      const report = service.reportOf(i);
      if (isTraced) run.traces.push(report?.steps ?? []);
      if (report?.thrown === undefined || run.thrown !== undefined) continue;
      run.thrown = { thread: i, error: unpackThrown(report.thrown) };
    }
    run.thrown ??= service.unheard().next().value;
    return run;
  }

  #idOf(target: AnyFunction): number {
    const id = idOf(target);
    if (id === undefined) throw new TypeError(unexposed(target));
    const url = moduleOf(id);
    const failure = this.#failures.find(([failed]) => failed === url);
    if (failure !== undefined) {
      throw new Error(
        `Cannot explore: ${failure[0]} can't be loaded: ${failure[1]}`,
      );
    }
    return id;
  }

  #addMember(): Promise<void> {
    checkKernel();
    const { own, exposing } = currentRegistry();
    checkRequirements([serverUrl, ...own, ...exposing.keys()]);
    const { port1, port2 } = new MessageChannel();
    const Class = currentWorkerClass();
    const worker = new Class(firstModule(own, exposing.keys()), {
      type: "module",
      name: WORKER_NAME,
      deno: { permissions: "none" },
    } as WorkerOptions);
    const index = this.#members.length;
    const waiter = allocateWaiter(true);
    assignWaiter(waiter, WORKER_NAME);
    this.#members.push({ worker, port: port1, waiter, slot: 0 });
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    worker.onerror = (event) => {
      event.preventDefault();
      reject(new Error(`Cannot explore: ${event.message}`));
    };
    port1.onmessage = ({ data }) => {
      // From now on, messages are fetched.
      port1.onmessage = null;
      this.#failures = data;
      resolve();
    };
    const setup: CrewSetup = {
      board: this.#board.buffer,
      index,
      tables: { waiters: waiterTable(), threads: threadTable() },
      waiter,
      port: port2,
    };
    worker.postMessage(setup, [port2]);
    return promise;
  }
}

/** How many locks may be waited for at once. */
const NODES = 64;

/**
 * Makes spare nodes of the graph of waits. When a thread begins to wait, there must be a
 * spare node in every schedule, or in none.
 */
function stockNodes(): void {
  const locks = Array.from({ length: NODES }, () => ({
    label: "",
    holder: 0,
    isSignal: false,
    isPersonal: false,
    node: 0,
  }));
  const waiter = allocateWaiter();
  for (const lock of locks) enterLockWait(lock, waiter, false);
  for (const lock of locks) leaveLockWait(lock, waiter);
  releaseWaiter(waiter);
}

/**
 * Makes the table of threads as long as it can become, because a search for a thread reads
 * all of it.
 */
function stockSlots(): void {
  const options = { name: "", daemon: true, waiter: 1 };
  const slots = Array.from(
    { length: 2 * MOST_THREADS },
    () => new Slot(allocateSlot(options)),
  );
  for (const slot of slots) slot.free();
}

/** How many waits may be awaited at once. */
const WAITERS = 64;

/**
 * Sorts the spare waiters, so that waits get the same ones in each schedule. The schedule
 * before has given them back in its own order, and the library reads them in the order of
 * their numbers.
 */
function sortSpareWaiters(): void {
  const waiters = Array.from({ length: WAITERS }, () => allocateWaiter());
  waiters.sort((one, other) => other - one);
  for (const waiter of waiters) releaseWaiter(waiter);
}

/** The thread's name, as `Thread` would name it. */
function nameOf({ name, target }: ScenarioThread, index: number): string {
  return name ?? `Thread-${index + 1} (${target.name})`;
}

/** Sets the number after which threads that a schedule starts are numbered. */
function numberThreadsAfter(count: number): Disposable {
  const words = new Int32Array(threadTable());
  const before = words[THREADS];
  words[THREADS] = count;
  return { [Symbol.dispose]: () => void (words[THREADS] = before) };
}

/**
 * A worker's first module. It imports `instrument.ts`, which replaces `Atomics` and the
 * clocks, then the library, and then users' modules. These are loaded one by one: usually
 * no thread needs a module that fails. `thread/new_worker.ts` says why they are named by
 * literals. In a bundle of one file, all of them are that file. A bundle of several files
 * has `instrument.ts` in a file of its own.
 */
function firstModule(
  own: Iterable<string>,
  exposing: Iterable<string>,
): string {
  const mark = `globalThis[Symbol.for(${JSON.stringify(EXPLORES)})] = true;`;
  const urls = [
    moduleUrl(mark),
    instrumentUrl,
    serverUrl,
    ...own,
    threadWorkerUrl,
  ];
  const imports = urls.map((url) => `import ${JSON.stringify(url)};`);
  const loads = [...exposing].map((url) => {
    const stand = moduleUrl(`import ${JSON.stringify(url)};`);
    return `await import(${JSON.stringify(stand)})
  .catch((error) => failures.push([${JSON.stringify(url)}, String(error)]));`;
  });
  return moduleUrl(`${imports.join("\n")}
globalThis[Symbol.for(${JSON.stringify(serveExplorerKey)})](async () => {
const failures = [];
${loads.join("\n")}
return failures;
});`);
}
