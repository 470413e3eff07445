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
import {
  type CrewJob,
  type CrewReport,
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
import { Worker } from "../platform/platform.ts";
import {
  allocateWaiter,
  assignWaiter,
  releaseWaiter,
  waiterTable,
} from "../sync/waiters.ts";
import { enterLockWait, leaveLockWait } from "../locks/wait_graph.ts";
import { receiveOn } from "../thread/line.ts";
import { checkKernel, checkRequirements } from "../platform/requirements.ts";
import { allocateSlot, Slot, threadTable } from "../thread/thread_table.ts";
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
  thrown?: { thread: number; error: unknown };
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

interface Member {
  worker: Worker;
  port: MessagePort;
  waiter: number;
  slot: number;
}

/** The workers that run a scenario's threads, one schedule after another. */
export class Crew implements Disposable {
  readonly #board = new Board();
  readonly #members: Member[] = [];
  #failures: LoadError[] = [];

  constructor() {
    stockNodes();
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
  run(
    threads: readonly ScenarioThread[],
    orders: Orders,
    { seed, longestTimeout, isTraced = false, atRest }: RunOptions,
  ): Run {
    const names = threads.map(nameOf);
    const memories = new Map<SharedArrayBuffer, number>();
    const jobs = threads.map(({ target, args = [] }, i): CrewJob => {
      const id = this.#idOf(target);
      const packed = pack(args, -1);
      findMemory(packed, memories);
      return {
        target: id,
        args: packed,
        slot: 0,
        waiter: 0,
        name: names[i],
        memories: [],
        isTraced,
        seed: seed + i,
        longestTimeout,
      };
    });
    this.#board.lay(threads.length, orders);
    for (const [i, job] of jobs.entries()) {
      const member = this.#members[i];
      // The same one again, as nobody has used it, unless it is worn out.
      releaseWaiter(member.waiter);
      member.waiter = allocateWaiter();
      assignWaiter(member.waiter, job.name);
      member.slot ||= allocateSlot({
        name: job.name,
        daemon: true,
        waiter: member.waiter,
      });
      job.waiter = member.waiter;
      job.slot = member.slot;
      job.memories = [...memories];
      post(member.worker, job, job.args.transferables);
    }
    this.#board.begin();
    this.#checkOver();
    let unrest: Run["unrest"];
    if (this.#board.outcome === Outcome.STUCK) {
      unrest = atRest && this.#look(names, atRest);
      this.#board.unwind();
      this.#checkOver();
    }
    return { ...this.#report(names, isTraced), unrest };
  }

  #checkOver(): void {
    if (!this.#board.over(STEP_MS)) {
      throw new Error(
        "Cannot explore: a thread has run for 20 seconds without touching what " +
          "other threads see, let it call Atomics.load() or something of the " +
          "library in its loop",
      );
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

  #report(threads: string[], isTraced: boolean): Run {
    const board = this.#board;
    const run: Run = {
      outcome: board.outcome,
      decisions: Array.from(
        { length: board.decisions },
        (_, i) => board.decision(i),
      ),
      forks: board.forks,
      threads,
      waiting: [],
      traces: [],
    };
    for (const [i] of threads.entries()) {
      if (board.wasWaiting(i)) run.waiting.push(i);
      const report = receiveOn(this.#members[i].port) as CrewReport | undefined;
      if (isTraced) run.traces.push(report?.steps ?? []);
      if (report?.thrown === undefined || run.thrown !== undefined) continue;
      run.thrown = { thread: i, error: unpackThrown(report.thrown) };
    }
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
    const worker = new Worker(firstModule(own, exposing.keys()), {
      type: "module",
      name: WORKER_NAME,
      deno: { permissions: "none" },
    } as WorkerOptions);
    const index = this.#members.length;
    const waiter = allocateWaiter(true);
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
      waiterTable: waiterTable(),
      threadTable: threadTable(),
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

/** The thread's name, as `Thread` would name it. */
function nameOf({ name, target }: ScenarioThread, index: number): string {
  return name ?? `Thread-${index + 1} (${target.name})`;
}

/** Numbers the shared memory in a value, in the order in which it stands there. */
function findMemory(
  value: unknown,
  memories: Map<SharedArrayBuffer, number>,
  seen: Set<object> = new Set(),
): void {
  if (typeof value !== "object" || value === null || seen.has(value)) return;
  seen.add(value);
  if (ArrayBuffer.isView(value)) {
    return findMemory(value.buffer, memories, seen);
  }
  if (value instanceof SharedArrayBuffer) {
    if (!memories.has(value)) {
      memories.set(value, FIRST_MEMORY + memories.size);
    }
    return;
  }
  const inner = value instanceof Map
    ? [...value].flat()
    : value instanceof Set
    ? [...value]
    : Object.values(value);
  for (const one of inner) findMemory(one, memories, seen);
}

/**
 * A worker's first module. What replaces `Atomics` and the clocks comes before the
 * library, and the library before users' modules, which are loaded one by one: one
 * that fails is needed by nobody, as a rule. They are named by literals for the
 * reason that `thread/new_worker.ts` gives. In a bundle all of them are one module.
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
const failures = [];
${loads.join("\n")}
globalThis[Symbol.for(${JSON.stringify(serveExplorerKey)})](failures);`);
}

function moduleUrl(source: string): string {
  return `data:text/javascript,${encodeURIComponent(source)}`;
}
