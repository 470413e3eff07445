// Copyright 2026 the lab9 authors. MIT license.

/**
 * Deno's workers whose heap is limited, and which can be ended while they compute.
 * `thread/isolation.ts` says how two workers make one.
 *
 * @module
 */

import { moduleUrl } from "./platform.ts";
import type { SHARE_ENV, Worker as NodeWorker } from "node:worker_threads";

/** The space for what is new, as V8 chooses it for a large heap. */
const YOUNG_MB = 48;
/** How often the inner worker looks whether its heap was exhausted. */
const BEAT_MS = 100;
/** How long the outer one waits for the main thread before it calls again. */
const CALL_AGAIN_MS = 10;

/** What the inner worker needs to load modules, if it isn't given that. */
export const FOR_LOADING = ["read", "import"] as const;

/** What the outer worker is given, and what of that the inner one gives up. */
function permissionsToLoad(
  permissions: Deno.PermissionOptions,
): { outer: Deno.PermissionOptions; revoked: string[] } {
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

/** Where in shared memory the outer worker tells the inner one's death. */
export interface Places {
  /** In the handover, and what is written there; see `thread/handover.ts`. */
  readonly DEATH: number;
  readonly SENT: number;
  readonly SLOT: number;
  readonly GONE: number;
  readonly Death: { readonly EXHAUSTED: number; readonly CLOSED: number };
  /** In the table of waiters, to call the main thread. */
  readonly CALL_WORDS: { readonly calls: number; readonly main: number };
}

/** What the inner worker is. */
export interface InnerWorker {
  name: string;
  /** Its first module: what it imports, and what it then does. */
  imports: string;
  start: string;
  permissions: Deno.PermissionOptions;
  /** In megabytes. */
  memoryLimit: number | undefined;
  places: Places;
}

/** What the outer worker is made of. */
export interface OuterWorker {
  /** Its module. */
  source: string;
  permissions: Deno.PermissionOptions;
}

/** The outer worker of an inner one. It takes messages as {@linkcode relayed}. */
export function outerWorker(
  { name, imports, start, permissions, memoryLimit, places }: InnerWorker,
): OuterWorker {
  const { outer, revoked } = permissionsToLoad(permissions);
  const young = Math.min(YOUNG_MB, memoryLimit! / 4);
  const limits = memoryLimit === undefined ? {} : {
    maxYoungGenerationSizeMb: Math.ceil(young),
    maxOldGenerationSizeMb: Math.ceil(memoryLimit - young),
  };
  const prelude = moduleUrl(`
import { workerData } from "node:worker_threads";
import { getHeapStatistics } from "node:v8";
export const listen = await (${prepareInner})(${
    argumentsOf(name, revoked, BEAT_MS)
  }, workerData, getHeapStatistics);`);
  const inner = moduleUrl(`
import { listen } from ${JSON.stringify(prelude)};
${imports}
${start}
listen();`);
  const source = `
import { SHARE_ENV, Worker } from "node:worker_threads";
(${runOuter})(${
    argumentsOf(inner, name, limits, places, CALL_AGAIN_MS)
  }, Worker, SHARE_ENV);`;
  return { source: moduleUrl(source), permissions: outer };
}

/** A message as the outer worker takes it: with a list of what is moved. */
export function relayed(
  message: unknown,
  transfer: Transferable[] = [],
): [message: unknown, transfer: Transferable[]] {
  return [message, transfer];
}

function argumentsOf(...values: unknown[]): string {
  return values.map((value) => JSON.stringify(value)).join(", ");
}

// The two functions below run where nothing of this module is: they are sent as
// text, and use nothing but their arguments.

/** The outer worker. */
function runOuter(
  source: string,
  name: string,
  resourceLimits: Record<string, number>,
  places: Places,
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
  revoked: Deno.PermissionName[],
  beatMs: number,
  port: MessagePort,
  getHeapStatistics: () => { heap_size_limit: number },
): Promise<() => void> {
  for (const name of revoked) Deno.permissions.revokeSync({ name });
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
