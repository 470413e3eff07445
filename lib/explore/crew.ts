// Copyright 2026 the lab9 authors. MIT license.

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
   * What it is called with.
   *
   * @default {[]}
   */
  args?: readonly unknown[];
  /**
   * What the thread is called.
   *
   * @default {"Thread-1 (target)"}
   */
  name?: string;
}

/** How a schedule went. */
export interface Run {
  outcome: Outcome;
  decisions: Decision[];
  /** At how many of them several threads could go on. */
  forks: number;
  /** The names of the threads, in their order. */
  threads: string[];
  /** The first that threw, and what. */
  thrown?: Thrown;
  /** The threads that waited when nobody could go on. */
  waiting: number[];
  /** What `atRest` has thrown, if they may wait. */
  unrest?: { error: unknown };
  /** Of each thread, if they were traced. */
  traces: TracedStep[][];
}

/** What every schedule of an exploration has in common. */
export interface RunOptions {
  /** Of the threads' random numbers. */
  seed: number;
  /** In seconds. */
  longestTimeout: number;
  /** Whether the steps are told one by one. @default {false} */
  isTraced?: boolean;
  /** Called when all threads that are left wait, with their names. */
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
      // The same one again, as nobody has used it, unless it is worn out.
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

  /** Sees to what the threads ask for, until none of them has the turn. */
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

  /** Looks whether the threads that wait may do so. */
  #look(
    names: string[],
    atRest: (waiting: readonly string[]) => void,
  ): Run["unrest"] {
    try {
      atRest(names.filter((_, thread) => this.#board.wasWaiting(thread)));
    } catch (error) {
      return { error };
    }
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
      // From here on, messages are fetched.
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

/** More locks than these aren't waited for at once. */
const NODES = 64;

/**
 * Has the graph of waits make nodes ahead. Whether it has one left when a thread
 * begins to wait must not depend on the schedules before.
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
 * Has the table of threads be as long as it becomes: who looks for a thread goes
 * through all of it.
 */
function stockSlots(): void {
  const options = { name: "", daemon: true, waiter: 1 };
  const slots = Array.from(
    { length: 2 * MOST_THREADS },
    () => new Slot(allocateSlot(options)),
  );
  for (const slot of slots) slot.free();
}

/** More waits aren't awaited at once. */
const WAITERS = 64;

/**
 * Has waits get the same waiters in each schedule. The order in which they came back
 * is that of the schedule before, and the library goes through them by number.
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

/** Has the threads that a schedule starts begin with the number after that. */
function numberThreadsAfter(count: number): Disposable {
  const words = new Int32Array(threadTable());
  const before = words[THREADS];
  words[THREADS] = count;
  return { [Symbol.dispose]: () => void (words[THREADS] = before) };
}

/**
 * A worker's first module. What replaces `Atomics` and the clocks comes before the
 * library, and the library before users' modules, which are loaded one by one: one
 * that fails is needed by nobody, as a rule. They are named by literals for the
 * reason that `thread/new_worker.ts` gives. In a bundle of one file all of them are
 * that file; one of several files has `instrument.ts` in a file of its own.
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
