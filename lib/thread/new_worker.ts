// Copyright 2026 the lab9 authors. MIT license.

/**
 * Workers whose heap is limited, and which can be ended while they compute.
 *
 * Deno 2.9 limits the heap of one kind of worker only, that of
 * `node:worker_threads`, and gives it no permissions of its own. So there are two:
 *  - The outer one is a web worker, by which the main thread gives permissions. It
 *    starts the inner one and hands messages on. It computes nothing, so it can
 *    be ended at any time, and the inner one ends with it.
 *  - The inner one runs threads as any worker does. It loads modules with the
 *    permissions that it has itself, so at first it may read what the main thread
 *    may, and gives that up before the first module runs. It holds a Web Lock:
 *    only then does Deno end it while it computes.
 *
 * Protocol of its death. Deno raises the limit when the heap is exhausted, and ends
 * what runs. If that was in a callback of the platform's, the worker ends, and
 * Deno tells the outer one. If it was in a microtask or a message's listener, only
 * that is ended: so the inner one looks now and then whether the limit is still
 * the same, and tells the outer one if not. That writes `DEATH` into the handover
 * (see `handover.ts`), counts `SENT`, and calls the main thread until it ends both.
 *
 * Nothing of this is documented for Deno. Tests tell when it changes.
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

/** Where the outer worker tells the inner one's death. */
const PLACES = { DEATH, SENT, SLOT, GONE, Death, CALL_WORDS };
/** The space for what is new, as V8 chooses it for a large heap. */
const YOUNG_MB = 48;
/** How often the inner worker looks whether its heap was exhausted. */
const BEAT_MS = 100;
/** How long the outer one waits for the main thread before it calls again. */
const CALL_AGAIN_MS = 10;

/** What takes messages for a worker. */
export type Inbox = Pick<Worker, "postMessage">;

/** The inbox of an isolated worker. */
export class RelayedInbox implements Inbox {
  constructor(readonly outer: Worker) {}

  postMessage(message: unknown, transfer?: unknown): void {
    const moved = transfer as Transferable[] | undefined;
    this.outer.postMessage(relayed(message, moved), moved ?? []);
  }
}

/** `Worker`, or the subclass of it that the program has put in its place. */
function currentWorkerClass(): typeof Worker {
  const current = globalThis.Worker;
  return current?.prototype instanceof Worker ? current : Worker;
}

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
 * The worker's first module. The library comes first, so that it is in place
 * before any user's module runs. When users' modules run is up to the library.
 *
 * What is imported by a literal is read with the parent's permissions: the worker
 * needs none of its own. But where Deno is asked for a symbolic link at run time,
 * it looks at the worker's permissions after all. So it is asked for a module that
 * has no place, and which imports the user's.
 */
function bootstrap(
  { own, exposing }: Registry,
): { imports: string; start: string } {
  const imports = [...new Set([serverUrl, ...own])].map(importOf);
  const offers = [...exposing].map(([url, names]) => {
    const stand = JSON.stringify(moduleUrl(importOf(url)));
    const text = `${JSON.stringify(url)}, ${JSON.stringify(names)}`;
    return `[${text}, () => import(${stand})],`;
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

/** What the outer worker is given, and what of that the inner one gives up. */
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

/** What the inner worker is. */
interface InnerWorker {
  name: string;
  /** Its first module: what it imports, and what it then does. */
  imports: string;
  start: string;
  permissions: WorkerPermissions;
  isolation: Isolation;
}

/** What the outer worker is made of. */
interface OuterWorker {
  /** Its module. */
  source: string;
  permissions: WorkerPermissions;
}

/** The outer worker of an inner one. It takes messages as {@linkcode relayed}. */
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
  const run = argumentsOf(inner, name, limits, PLACES, CALL_AGAIN_MS);
  const source = moduleOf(
    'import { SHARE_ENV, Worker } from "node:worker_threads";',
    `(${runOuter})(${run}, Worker, SHARE_ENV);`,
  );
  return { source, permissions: outer };
}

/** How large the spaces of a heap may be, as `node:worker_threads` has it. */
function limitsOf(memoryLimit: number): Record<string, number> {
  const young = Math.min(YOUNG_MB, memoryLimit / 4);
  return {
    maxYoungGenerationSizeMb: Math.ceil(young),
    maxOldGenerationSizeMb: Math.ceil(memoryLimit - young),
  };
}

/** A message as the outer worker takes it: with a list of what is moved. */
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

// The two functions below run in Deno's workers, where nothing of this module is:
// they are sent as text, and use nothing but their arguments.

/** The outer worker. */
function runOuter(
  source: string,
  name: string,
  resourceLimits: Record<string, number>,
  places: typeof PLACES,
  callAgainMs: number,
  InnerWorker: typeof NodeWorker,
  sharedEnv: typeof SHARE_ENV,
): void {
  const { port1, port2 } = new MessageChannel();
  const inner = new InnerWorker(new URL(source), {
    name,
    workerData: port2,
    transferList: [port2 as never],
    // A copy of its own would need a permission.
    env: sharedEnv,
    resourceLimits,
  });
  let handover: Int32Array | undefined;
  let table: Int32Array;
  let death = 0;
  const call = () => {
    const { calls, main } = places.CALL_WORDS;
    Atomics.add(table, calls, 1);
    Atomics.notify(table, calls);
    Atomics.notify(table, main);
  };
  const tell = () => {
    if (death === 0 || handover === undefined) return;
    // It has said so itself.
    if (Atomics.load(handover, places.SLOT) === places.GONE) return close();
    if (Atomics.compareExchange(handover, places.DEATH, 0, death) !== 0) return;
    Atomics.add(handover, places.SENT, 1);
    call();
    setInterval(call, callAgainMs);
  };
  const die = (how: number) => {
    death ||= how;
    tell();
  };
  inner.on("error", (error: Error & { code?: string }) => {
    if (error.code === "ERR_WORKER_OUT_OF_MEMORY") {
      die(places.Death.EXHAUSTED);
    } else reportError(error);
  });
  inner.on("exit", () => die(places.Death.CLOSED));
  port1.onmessage = () => die(places.Death.EXHAUSTED);
  // In a web worker these are the main thread's messages.
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

/** The inner worker, before its other modules; what has it hear messages. */
async function prepareInner(
  name: string,
  revoked: readonly (typeof FOR_LOADING)[number][],
  beatMs: number,
  port: MessagePort,
  getHeapStatistics: () => { heap_size_limit: number },
  deno: typeof Deno,
): Promise<() => void> {
  for (const name of revoked) deno.permissions.revokeSync({ name });
  // As in a web worker.
  Object.assign(globalThis, { self: globalThis, name });
  // Deno's types don't have them.
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
  // A microtask could be one of those that end with what exhausts the heap.
  setInterval(() => {
    if (getHeapStatistics().heap_size_limit > limit) port.postMessage(0);
  }, beatMs);
  return () => {
    port.onmessage = ({ data }) => {
      dispatch(new Message("message", { data }));
    };
  };
}
