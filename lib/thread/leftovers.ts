// Copyright 2026 the lab9 authors. MIT license.

/**
 * What a thread leaves in its worker: its listeners are taken away when it ends;
 * a worker that has timers, ports or the like left runs no other thread.
 *
 * @module
 */

const TIMERS = ["setTimeout", "setInterval", "setImmediate"] as const;
const HANDLERS = [
  "onmessage",
  "onmessageerror",
  "onerror",
  "onunhandledrejection",
  "onrejectionhandled",
] as const;

type Listening = Parameters<typeof globalThis.addEventListener>;

/** Whether anything has looked at the timers, which Deno loads for that. */
let hasTimers = false;
let listening: Listening[] = [];
let handlers: unknown[] = [];
let resources = 0;

// It has no public place. Where it can't be found, ports aren't noticed.
const internal = (Deno as never)[(Deno as never)["internal"]] as
  | { core?: { resources?: () => object } }
  | undefined;
const listResources = internal?.core?.resources;

/** Before any user's module runs: from now on, what is left is known. */
export function watchLeftovers(): void {
  for (const name of TIMERS) {
    const original = Object.getOwnPropertyDescriptor(globalThis, name);
    const get = original?.get;
    if (get === undefined) {
      hasTimers = true;
      continue;
    }
    Object.defineProperty(globalThis, name, {
      ...original,
      get() {
        hasTimers = true;
        Object.defineProperty(globalThis, name, original!);
        return get.call(globalThis);
      },
    });
  }
  const add = globalThis.addEventListener;
  const addEventListener = (...listener: Listening): void => {
    listening.push(listener);
    add.apply(globalThis, listener);
  };
  Object.defineProperty(globalThis, "addEventListener", {
    value: addEventListener,
    writable: true,
    enumerable: false,
    configurable: true,
  });
  resources = countResources();
}

/** A thread begins: what its modules listen to is theirs. */
export function beginThread(): void {
  listening = [];
  handlers = HANDLERS.map((name) => globalThis[name as never]);
}

/** A thread has ended: it listens to nothing any more. */
export function removeListeners(): void {
  for (const [type, listener, options] of listening.splice(0)) {
    globalThis.removeEventListener(type, listener, options);
  }
  for (const [i, name] of HANDLERS.entries()) {
    const handler = globalThis[name as never] as unknown;
    if (handler !== handlers[i]) {
      Object.assign(globalThis, { [name]: handlers[i] });
    }
  }
}

/**
 * Whether a timer runs, or anything is open besides so many ports of the
 * library's.
 */
export function isAnythingLeft(ports: number): boolean {
  if (countResources() > resources + ports) return true;
  return hasTimers &&
    globalThis.process.getActiveResourcesInfo().length > 0;
}

function countResources(): number {
  return listResources === undefined ? 0 : Object.keys(listResources()).length;
}
