// Copyright 2026 the lab9 authors. MIT license.

/**
 * What a thread leaves in its worker: its listeners, and the permissions that the
 * user granted it, are taken away when it ends; a worker that has timers, ports or
 * the like left runs no other thread.
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

let listening: Listening[] = [];
let handlers: unknown[] = [];
let resources = 0;
let timers = 0;
/** Takes back what the user granted; false if something can't be taken back. */
let takeGrantsBack = (): boolean => true;

/** Before any user's module runs: from now on, what is left is known. */
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

/** What is open now is the library's. */
export function noteOpen(): void {
  resources = countResources();
  timers = countTimers();
}

/**
 * Before any user's module runs, in a worker without permissions on a terminal:
 * there Deno asks the user for what a thread lacks. A single grant isn't seen in
 * the permission's state but can be revoked; a grant of everything and a refusal
 * are seen.
 */
export function watchPermissions(): void {
  const own = permissions()!;
  const querySync = own.querySync.bind(own);
  const revokeSync = own.revokeSync.bind(own);
  const isOpen = (descriptor: Deno.PermissionDescriptor) =>
    querySync(descriptor).state === "prompt";
  const open = PERMISSIONS.map((name) => ({ name }) as never).filter(isOpen);
  takeGrantsBack = () => {
    if (!open.every(isOpen)) return false;
    for (const descriptor of open) revokeSync(descriptor);
    return true;
  };
}

/**
 * Has the platform listen for the handlers, once and for all. It does so when one
 * is set for the first time: removed with the thread that set it, it would be
 * missing for the next thread's.
 */
export function enableHandlers(): void {
  for (const name of HANDLERS) {
    const handler = globalThis[name as never] as unknown;
    Object.assign(globalThis, { [name]: () => {} });
    Object.assign(globalThis, { [name]: handler });
  }
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
 * Whether a timer runs, anything is open besides so many ports of the library's,
 * or the user has granted or refused what can't be taken back.
 */
export function isAnythingLeft(ports: number): boolean {
  if (countResources() > resources + ports || !takeGrantsBack()) return true;
  return countTimers() > timers;
}
