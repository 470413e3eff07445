// Copyright 2026 the lab9 authors. MIT license.

/**
 * How a worker is created, with the first module that it runs. An isolated worker has
 * a limited heap and can be ended while it computes.
 *
 * Deno 2.9 limits the heap only of workers of `node:worker_threads`, and those get no
 * permissions of their own. So an isolated worker is a pair of workers:
 *  - The outer worker is a web worker, which the main thread grants permissions. It
 *    starts the inner worker and relays messages. It computes nothing, so the main
 *    thread can end it at any time, and the inner worker ends with it.
 *  - The inner worker runs threads as any other worker does. Deno loads its modules
 *    with its own permissions. So it is first allowed to read what the main thread
 *    may read, and revokes that before any other module runs. It holds a Web Lock,
 *    because only then Deno ends it while it computes.
 *
 * Protocol of the inner worker's death.
 *  - When the heap is exhausted, Deno raises the heap's limit and ends the code that
 *    runs. If that is a callback of the platform's, the inner worker ends, and Deno
 *    tells the outer worker.
 *  - If it is a microtask or a message's listener, the inner worker goes on. So it
 *    compares the limit again and again with the limit at its start, and posts a
 *    message to the outer worker when the limit has changed.
 *  - The outer worker writes `DEATH` into the handover (see `handover.ts`) and adds 1
 *    to `SENT`. It calls the main thread again and again, until the main thread ends
 *    both workers.
 *
 * Deno documents none of this. Tests fail when it changes.
 *
 * @module
 */

import type { SHARE_ENV, Worker as NodeWorker } from "node:worker_threads";
import { isNotCapable, moduleUrl, Worker } from "../platform/platform.ts";
import { checkKernel } from "../platform/requirements.ts";
import type { Registry } from "../codec/references.ts";
import { CALL_WORDS } from "../sync/waiters.ts";
import { DEATH, Death, GONE, SENT, SLOT } from "./handover.ts";
import {
  FOR_LOADING,
  type Isolation,
  notPermitted,
  type WorkerKind,
  type WorkerPermissions,
} from "./worker_kind.ts";
import { serveKey, serverUrl, WORKER_NAME } from "./worker_server.ts";

/** The words and values by which the outer worker reports the inner one's death. */
const DEATH_WORDS = { DEATH, SENT, SLOT, GONE, Death, CALL_WORDS };
/** The size of the young generation that V8 chooses for a large heap. */
const YOUNG_MB = 48;
/** How long the inner worker waits before it compares its heap's limit again. */
const BEAT_MS = 100;
/** How long the outer worker waits before it calls the main thread again. */
const CALL_AGAIN_MS = 10;

/** The module by which a worker loads the library. */
let entry = serverUrl;

/** Has workers load the library by a module that names all that they need. */
export function setEntry(meta: ImportMeta): void {
  entry = meta.url;
}

/** The way by which messages are posted to a worker. */
export type Inbox = Pick<Worker, "postMessage">;

/** Posts messages to an isolated worker: the outer worker relays them. */
export class RelayedInbox implements Inbox {
  readonly outer: Worker;

  constructor(outer: Worker) {
    this.outer = outer;
  }

  postMessage(message: unknown, transfer?: unknown): void {
    const moved = transfer as Transferable[] | undefined;
    this.outer.postMessage(relayed(message, moved), moved ?? []);
  }
}

/** The global `Worker` if the program replaced it by a subclass, else Deno's. */
export function currentWorkerClass(): typeof Worker {
  const current = globalThis.Worker;
  return current?.prototype instanceof Worker ? current : Worker;
}

/**
 * Creates a worker. The library's first message to it is its setup.
 *
 * @throws {Deno.errors.NotCapable} If its permissions are more than the script's.
 */
export function newWorker(
  { permissions, isolation }: WorkerKind,
  registry: Registry,
): Worker {
  checkKernel();
  const { imports, start } = bootstrap(registry);
  const first = isolation === undefined
    ? { source: moduleUrl(`${imports}\n${start}`), permissions }
    : outerWorker({
      name: WORKER_NAME,
      imports,
      start,
      permissions,
      isolation,
    });
  try {
    const Class = currentWorkerClass();
    return new Class(first.source, {
      type: "module",
      name: isolation === undefined ? WORKER_NAME : `${WORKER_NAME}'s keeper`,
      deno: { permissions: first.permissions },
    } as WorkerOptions);
  } catch (error) {
    if (!isNotCapable(error)) throw error;
    throw notPermitted(permissions, error);
  }
}

/**
 * The text of a worker's first module, in two parts. It imports the library first,
 * which then decides when users' modules run.
 *
 * Deno reads a module that is imported by a literal with the permissions of the main
 * thread, so the worker needs none. There is an exception: if a dynamic import names
 * a symbolic link, Deno checks the permissions of the worker. So the dynamic imports
 * here name `data:` modules, each of which imports a module of the user's.
 */
function bootstrap(
  { own, exposing }: Registry,
): { imports: string; start: string } {
  const imports = [...new Set([entry, serverUrl, ...own])].map(importOf);
  const offers = [...exposing].map(([url, names]) => {
    const standIn = JSON.stringify(moduleUrl(importOf(url)));
    const text = `${JSON.stringify(url)}, ${JSON.stringify(names)}`;
    return `[${text}, () => import(${standIn})],`;
  });
  return {
    imports: imports.join("\n"),
    start: `globalThis[Symbol.for(${JSON.stringify(serveKey)})]([
${offers.join("\n")}
]);`,
  };
}

function importOf(url: string): string {
  return `import ${JSON.stringify(url)};`;
}

/** The permissions of the outer worker, and those that the inner one revokes. */
function permissionsToLoad(
  permissions: WorkerPermissions,
): { outer: WorkerPermissions; revoked: (typeof FOR_LOADING)[number][] } {
  if (permissions === "inherit") return { outer: permissions, revoked: [] };
  const given = permissions === "none" ? {} : permissions;
  const revoked = FOR_LOADING.filter((name) => {
    const value = given[name];
    return value === undefined || value === false;
  });
  const outer: Record<string, unknown> = { ...given };
  for (const name of revoked) outer[name] = "inherit";
  return { outer, revoked };
}

/** What an inner worker is created with. */
interface InnerWorker {
  name: string;
  /** The two parts of its first module. */
  imports: string;
  start: string;
  permissions: WorkerPermissions;
  isolation: Isolation;
}

/** What an outer worker is created with. */
interface OuterWorker {
  /** The URL of its first module. */
  source: string;
  permissions: WorkerPermissions;
}

/** Makes the outer worker for an inner one. */
function outerWorker(
  { name, imports, start, permissions, isolation: { memoryLimit } }:
    InnerWorker,
): OuterWorker {
  const { outer, revoked } = permissionsToLoad(permissions);
  const limits = memoryLimit === undefined ? {} : limitsOf(memoryLimit);
  const prepared = argumentsOf(name, revoked, BEAT_MS);
  const prelude = moduleOf(
    'import { workerData } from "node:worker_threads";',
    'import { getHeapStatistics } from "node:v8";',
    `export const listen = await (${prepareInner})(${prepared}, workerData,`,
    "  getHeapStatistics, Deno);",
  );
  const inner = moduleOf(
    `import { listen } from ${JSON.stringify(prelude)};`,
    imports,
    start,
    "listen();",
  );
  const run = argumentsOf(inner, name, limits, DEATH_WORDS, CALL_AGAIN_MS);
  const source = moduleOf(
    'import { SHARE_ENV, Worker } from "node:worker_threads";',
    `(${runOuter})(${run}, Worker, SHARE_ENV);`,
  );
  return { source, permissions: outer };
}

/** The limits of a heap's spaces, as `node:worker_threads` takes them. */
function limitsOf(memoryLimit: number): Record<string, number> {
  const young = Math.min(YOUNG_MB, memoryLimit / 4);
  return {
    maxYoungGenerationSizeMb: Math.ceil(young),
    maxOldGenerationSizeMb: Math.ceil(memoryLimit - young),
  };
}

/** A message to relay. The outer worker needs the list of what it has to move. */
function relayed(
  message: unknown,
  transfer: Transferable[] = [],
): [message: unknown, transfer: Transferable[]] {
  return [message, transfer];
}

function moduleOf(...lines: string[]): string {
  return moduleUrl(lines.join("\n"));
}

function argumentsOf(...values: unknown[]): string {
  return values.map((value) => JSON.stringify(value)).join(", ");
}

// The two functions below are sent to workers as text. There is nothing of this
// module in those workers: the functions use their arguments and globals only.

/** Runs in the outer worker. */
function runOuter(
  source: string,
  name: string,
  resourceLimits: Record<string, number>,
  words: typeof DEATH_WORDS,
  callAgainMs: number,
  InnerWorker: typeof NodeWorker,
  sharedEnv: typeof SHARE_ENV,
): void {
  const { port1, port2 } = new MessageChannel();
  const inner = new InnerWorker(new URL(source), {
    name,
    workerData: port2,
    transferList: [port2 as never],
    // To copy the environment would need a permission.
    env: sharedEnv,
    resourceLimits,
  });
  let handover: Int32Array | undefined;
  let table: Int32Array;
  let death = 0;
  const call = () => {
    const { calls, main } = words.CALL_WORDS;
    Atomics.add(table, calls, 1);
    Atomics.notify(table, calls);
    Atomics.notify(table, main);
  };
  const tell = () => {
    if (death === 0 || handover === undefined) return;
    // The inner worker has said so itself.
    if (Atomics.load(handover, words.SLOT) === words.GONE) return close();
    if (Atomics.compareExchange(handover, words.DEATH, 0, death) !== 0) return;
    Atomics.add(handover, words.SENT, 1);
    call();
    setInterval(call, callAgainMs);
  };
  const die = (how: number) => {
    death ||= how;
    tell();
  };
  inner.on("error", (error: Error & { code?: string }) => {
    if (error.code === "ERR_WORKER_OUT_OF_MEMORY") {
      die(words.Death.EXHAUSTED);
    } else reportError(error);
  });
  inner.on("exit", () => die(words.Death.CLOSED));
  port1.onmessage = () => die(words.Death.EXHAUSTED);
  // Messages of the main thread.
  globalThis.addEventListener("message", (event) => {
    const [message, transfer] = (event as MessageEvent).data;
    if (handover === undefined) {
      handover = new Int32Array(message.handover, 0, 16);
      table = new Int32Array(message.waiterTable);
      tell();
    }
    if (transfer.length === 0) port1.postMessage(message);
    else port1.postMessage(message, transfer);
  });
}

/**
 * Runs in the inner worker, before its other modules.
 *
 * @returns A function that begins to dispatch the relayed messages.
 */
async function prepareInner(
  name: string,
  revoked: readonly (typeof FOR_LOADING)[number][],
  beatMs: number,
  port: MessagePort,
  getHeapStatistics: () => { heap_size_limit: number },
  deno: typeof Deno,
): Promise<() => void> {
  for (const name of revoked) deno.permissions.revokeSync({ name });
  // Web workers have these globals.
  Object.assign(globalThis, { self: globalThis, name });
  // Deno's types lack `navigator.locks`.
  const { locks } = navigator as unknown as {
    locks: { request(name: string, held: () => Promise<never>): void };
  };
  await new Promise<void>((resolve) => {
    locks.request(`lab9 ${crypto.randomUUID()}`, () => {
      resolve();
      return new Promise(() => {});
    });
  });
  const { heap_size_limit: limit } = getHeapStatistics();
  const dispatch = globalThis.dispatchEvent.bind(globalThis);
  const Message = globalThis.MessageEvent;
  // A timer: a microtask could be ended together with the one that exhausts the heap.
  setInterval(() => {
    if (getHeapStatistics().heap_size_limit > limit) port.postMessage(0);
  }, beatMs);
  return () => {
    port.onmessage = ({ data }) => {
      dispatch(new Message("message", { data }));
    };
  };
}
