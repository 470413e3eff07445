// Copyright 2026 the lab9 authors. MIT license.

/**
 * What the notebook imports: a cell is no module, so that functions which other
 * threads run stand here. A worker's console writes nowhere in a notebook; here
 * what threads print goes through the main thread.
 *
 * @module
 */

import {
  type AnyFunction,
  cpuCount,
  Empty,
  enumerate,
  expose,
  getIdent,
  Gil,
  Pool as LibraryPool,
  type PoolOptions,
  prestartWorkers,
  Queue,
  sleep,
  sleepSync,
  Thread as LibraryThread,
  type ThreadOptions,
} from "@lab9/concurrency";
import { time } from "../notebook/cell.ts";
import { pause } from "../notebook/pause.ts";
import {
  assertEquals,
  displayList,
  repr,
  seededIntegers,
  trueDivide,
} from "../notebook/python/mod.ts";
import { doWork, f, g } from "../gil.ts";
import { taylorExp } from "../pool.ts";
import { worker } from "../queue.ts";
import { doSomething, doSomethingSpecific } from "../threads.ts";

/** A line for each time that a thread printed; there once a thread may. */
let output: Queue<string> | undefined;

const { log } = console;

/** What threads are given to print to. */
function openOutput(): Queue<string> {
  if (output === undefined) {
    output = new Queue<string>();
    console.log = (...values: unknown[]) => {
      // What threads have printed so far comes first.
      printWaiting();
      log(...values);
    };
    setInterval(printWaiting, 20);
  }
  return output;
}

function printWaiting(): void {
  try {
    while (output !== undefined) log(output.getNowait());
  } catch (error) {
    if (!(error instanceof Empty)) throw error;
  }
}

/**
 * Deno's kernel hands output on in a task of its own, and says that a cell is done
 * in another: what is printed last gets lost if it is late. Nothing tells when it
 * was handed on, not even a broadcast that is awaited.
 */
const UNTIL_HANDED_ON = 0.1;

/** Waits some seconds, then prints what threads have printed until then. */
async function printed(seconds = 0): Promise<void> {
  await pause(seconds);
  printWaiting();
  await sleep(UNTIL_HANDED_ON);
}

/** Has this thread's console print to a queue. */
export function printTo(output: Queue<string>): void {
  console.log = (...values: unknown[]) => {
    const texts = values.map((value) =>
      typeof value === "string" ? value : Deno.inspect(value)
    );
    output.putSync(texts.join(" "));
  };
}

/** Runs a function whose thread prints to a queue. */
export function printing(
  output: Queue<string>,
  target: AnyFunction,
  ...args: unknown[]
): unknown {
  printTo(output);
  return target(...args);
}

/** Begins a pool's worker that prints to a queue. */
export function initialize(
  output: Queue<string>,
  initializer: AnyFunction | null,
  ...args: unknown[]
): unknown {
  printTo(output);
  return initializer?.(...args);
}

/** A thread that prints in the notebook. */
class Thread<F extends AnyFunction = AnyFunction> extends LibraryThread<F> {
  constructor(target: F, options?: ThreadOptions<F>) {
    const args = [openOutput(), target, ...(options?.args ?? [])];
    super(printing as AnyFunction as F, { ...options, args } as never);
  }
}

/** A pool whose workers print in the notebook. */
class Pool extends LibraryPool {
  constructor(workers?: number, options: PoolOptions = {}) {
    const { initializer = null, initargs = [] } = options;
    super(workers, {
      ...options,
      initializer: initialize,
      initargs: [openOutput(), initializer, ...initargs],
    });
  }
}

expose(import.meta, {
  "notebook.initialize": initialize,
  "notebook.printing": printing,
});

export {
  assertEquals,
  cpuCount,
  displayList,
  doSomething,
  doSomethingSpecific,
  doWork,
  enumerate,
  f,
  g,
  getIdent,
  Gil,
  Pool,
  prestartWorkers,
  printed,
  Queue,
  repr,
  seededIntegers,
  sleep,
  sleepSync,
  taylorExp,
  Thread,
  time,
  trueDivide,
  worker,
};
