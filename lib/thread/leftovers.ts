// Copyright 2026 the lab9 authors. MIT license.

/**
 * What a thread leaves behind in its worker. When the thread ends, its listeners are
 * removed, and permissions that the user granted it are revoked. A worker in which
 * timers, ports or other resources are left over runs no other thread.
 *
 * @module
 */

import {
  countResources,
  countTimers,
  permissions,
  watchTimers,
} from "../platform/platform.ts";

const HANDLERS = [
  "onmessage",
  "onmessageerror",
  "onerror",
  "onunhandledrejection",
  "onrejectionhandled",
] as const;

const PERMISSIONS = [
  "env",
  "ffi",
  "import",
  "net",
  "read",
  "run",
  "sys",
  "write",
];

type Listening = Parameters<typeof globalThis.addEventListener>;

/** The listeners that were added since the running thread began. */
let listening: Listening[] = [];
/** The global `on…` handlers, as they were when the running thread began. */
let handlers: unknown[] = [];
/** How many resources and timers the library itself has open. */
let resources = 0;
let timers = 0;
/** Revokes what the user granted; false if something can't be revoked. */
let revokeGrants = (): boolean => true;

/**
 * Begins to record what threads leave behind. It is called before any module of the
 * user's runs.
 */
export function watchLeftovers(): void {
  watchTimers();
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
  noteOpen();
}

/** Records that all that is open now is the library's own. */
export function noteOpen(): void {
  resources = countResources();
  timers = countTimers();
}

/**
 * Begins to record what the user grants. On a terminal, Deno asks the user for each
 * permission that a thread lacks. It is called before any module of the user's runs.
 *
 * The grant of a single file or host doesn't change the permission's state, but can
 * be revoked. A grant of everything and a refusal change the state, and can't be
 * revoked.
 */
export function watchPermissions(): void {
  const own = permissions()!;
  const querySync = own.querySync.bind(own);
  const revokeSync = own.revokeSync.bind(own);
  const isOpen = (descriptor: Deno.PermissionDescriptor) =>
    querySync(descriptor).state === "prompt";
  const open = PERMISSIONS.map((name) => ({ name }) as never).filter(isOpen);
  revokeGrants = () => {
    if (!open.every(isOpen)) return false;
    for (const descriptor of open) revokeSync(descriptor);
    return true;
  };
}

/**
 * Has the platform add its listeners for the global `on…` handlers. The platform
 * adds such a listener when the handler is set for the first time. If a thread did
 * that, the listener would be removed with those of the thread, and the handlers of
 * the next thread would never be called.
 */
export function enableHandlers(): void {
  for (const name of HANDLERS) {
    const handler = globalThis[name as never] as unknown;
    Object.assign(globalThis, { [name]: () => {} });
    Object.assign(globalThis, { [name]: handler });
  }
}

/** A thread begins: listeners that are added from now on are the thread's. */
export function beginThread(): void {
  listening = [];
  handlers = HANDLERS.map((name) => globalThis[name as never]);
}

/** A thread has ended: its listeners and handlers are removed. */
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
 * Whether the thread has left something behind that can't be removed: a timer, an
 * open resource, or a permission that the user granted or refused for good.
 *
 * @param ports How many of the open ports are the library's own.
 */
export function isAnythingLeft(ports: number): boolean {
  if (countResources() > resources + ports || !revokeGrants()) return true;
  return countTimers() > timers;
}
