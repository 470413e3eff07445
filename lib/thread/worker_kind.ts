// Copyright 2026 the lab9 authors. MIT license.

/**
 * What a worker is created with: its permissions, and how it is isolated. Workers of
 * one kind can take each other's place.
 *
 * @module
 */

import { isBrowser, notCapable, pathOf } from "../platform/platform.ts";
import { checkNumber, kindOf } from "../checks.ts";

/** The names of Deno's permissions. Deno ignores any other name. */
const NAMES = ["env", "ffi", "import", "net", "read", "run", "sys", "write"];

/** The permissions of a worker, as Deno's option `deno.permissions` takes them. */
export type WorkerPermissions = Deno.PermissionOptions;

/**
 * Checks and copies permissions. Copies are compared as text, so the path of a file
 * has only one spelling in them. The caller can't change them any more.
 *
 * @throws {TypeError} If they are not permissions. `null` is refused: with it, Deno
 * would grant all that the script may do.
 */
export function copyPermissions(
  action: string,
  permissions: WorkerPermissions,
): WorkerPermissions {
  if (permissions === "none" || permissions === "inherit") return permissions;
  if (
    typeof permissions !== "object" || permissions === null ||
    Array.isArray(permissions)
  ) {
    const what = typeof permissions === "string"
      ? JSON.stringify(permissions)
      : Array.isArray(permissions)
      ? "an array"
      : kindOf(permissions);
    throw new TypeError(
      `Cannot ${action}: permissions must be "none", "inherit" or an object ` +
        `such as { read: true }, received ${what}`,
    );
  }
  for (const [name, granted] of Object.entries(permissions)) {
    // A method of the caller's object grants nothing.
    if (NAMES.includes(name) || typeof granted === "function") continue;
    throw new TypeError(
      `Cannot ${action}: permissions has no '${name}', only ${
        NAMES.join(", ")
      }`,
    );
  }
  return Object.fromEntries(
    Object.entries(permissions).map(([name, granted]) => [
      name,
      Array.isArray(granted) ? granted.map(withoutUrl) : granted,
    ]),
  );
}

function withoutUrl(item: unknown): unknown {
  if (!(item instanceof URL) || item.protocol !== "file:") return item;
  return pathOf(item);
}

/**
 * The permissions of a thread that another thread starts.
 *
 * @param own The permissions of the starter.
 * @param asked The permissions that it asks for.
 * @throws {Deno.errors.NotCapable} If they are more than its own. A path or a host
 * is compared as text with those of the starter.
 */
export function narrowed(
  own: WorkerPermissions,
  asked: WorkerPermissions,
): WorkerPermissions {
  if (asked === "inherit") return own;
  if (asked === "none" || own === "inherit") return asked;
  const has = own === "none" ? {} : own as Record<string, unknown>;
  const given: Record<string, unknown> = {};
  for (const [name, wanted] of Object.entries(asked)) {
    const mine = has[name];
    given[name] = wanted === "inherit" ? mine ?? false : wanted;
    if (!isWithin(mine, given[name])) throw tooMuch(name);
  }
  return given;
}

function isWithin(mine: unknown, wanted: unknown): boolean {
  if (wanted === false || wanted === undefined) return true;
  if (mine === true || mine === "inherit" || wanted === mine) return true;
  if (!Array.isArray(wanted)) return false;
  const all = Array.isArray(mine) ? mine : [];
  return wanted.every((item) => all.includes(item));
}

function tooMuch(name: string): Error {
  return notCapable(
    "Cannot start worker: it can't be given more permissions than the thread " +
      `that starts it has, ask for less of '${name}'`,
  );
}

/** The error for permissions that the script itself doesn't have. */
export function notPermitted(
  permissions: WorkerPermissions,
  cause: unknown,
): Error {
  const flags = Object.entries(permissions)
    .filter(([, granted]) => granted !== false && granted !== "none")
    .map(([name, granted]) =>
      `--allow-${name}${Array.isArray(granted) ? `=${granted}` : ""}`
    );
  return notCapable(
    "Cannot start worker: it can't be given more permissions than the script " +
      `itself has, run the script with ${flags.join(" ")} or ask for less`,
    { cause },
  );
}

/**
 * Options of threads and pools, for code that may take any amount of memory or time.
 *
 * @example Usage
 * ```ts no-eval
 * import { expose, Pool, WorkerLostError } from "@lab9/concurrency";
 *
 * export function fill(): never {
 *   const kept: unknown[] = [];
 *   for (;;) kept.push({ x: kept.length });
 * }
 * expose(import.meta, { fill });
 *
 * if (import.meta.main) {
 *   await using pool = new Pool(2, { memoryLimit: 64 });
 *   const error = await pool.apply(fill).catch((error) => error);
 *   console.log(error instanceof WorkerLostError); // true
 * }
 * ```
 */
export interface IsolationOptions {
  /**
   * The largest size of a worker's heap in megabytes, at least 16. A task or a thread
   * that exhausts its heap rejects with {@linkcode WorkerLostError}, and the process
   * goes on. Typed arrays and the memory of WebAssembly aren't counted. The option
   * implies `isolation: "killable"`.
   *
   * @default {Infinity}
   */
  memoryLimit?: number;
  /**
   * With `"killable"`, workers can be ended even while they compute. They first have
   * some time to end by themselves. Each worker takes about 20 MB and half a second
   * to start. The permissions `read` and `import` can be granted as a whole or not at
   * all.
   */
  isolation?: "killable";
}

/** How a worker is isolated. */
export interface Isolation {
  /** The largest size of the heap in megabytes; undefined for Deno's default. */
  memoryLimit?: number;
}

/** The smallest heap in which a worker can load the library. */
const LEAST_MB = 16;
/** The permissions with which an isolated worker loads modules. */
export const FOR_LOADING = ["read", "import"] as const;

/**
 * Checks the options. It returns undefined if workers aren't isolated.
 *
 * @throws {TypeError} If an option has the wrong type, or the permission `read` or
 * `import` is a list.
 * @throws {RangeError} If the limit is not a size that a worker's heap can have.
 * @throws {Error} If this is a browser.
 */
export function isolationOf(
  action: string,
  { memoryLimit, isolation }: IsolationOptions,
  permissions: WorkerPermissions,
): Isolation | undefined {
  if (isolation !== undefined && isolation !== "killable") {
    throw new TypeError(
      `Cannot ${action}: isolation must be "killable" or left out, received ${
        typeof isolation === "string"
          ? JSON.stringify(isolation)
          : kindOf(isolation)
      }`,
    );
  }
  if (memoryLimit === undefined && isolation === undefined) return undefined;
  if (isBrowser) {
    throw new Error(
      `Cannot ${action}: only Deno has workers with a memoryLimit or isolation, ` +
        "leave them out in a browser",
    );
  }
  if (memoryLimit !== undefined) checkLimit(action, memoryLimit);
  checkPermissions(action, permissions);
  return memoryLimit === undefined ? {} : { memoryLimit };
}

function checkLimit(action: string, limit: number): void {
  checkNumber(action, "memoryLimit", limit);
  if (limit >= LEAST_MB && limit < Infinity) return;
  throw new RangeError(
    `Cannot ${action}: memoryLimit is in megabytes and must be finite and at ` +
      `least ${LEAST_MB}, which a worker needs for itself, received ${limit}`,
  );
}

function checkPermissions(action: string, permissions: WorkerPermissions) {
  if (typeof permissions === "string") return;
  for (const name of FOR_LOADING) {
    if (!Array.isArray(permissions[name])) continue;
    throw new TypeError(
      `Cannot ${action}: a worker with a memoryLimit or isolation can be given ` +
        `the permission '${name}' as a whole or not at all, received a list: ` +
        `pass { ${name}: true } or leave it out`,
    );
  }
}

/** What a worker is created with. */
export interface WorkerKind {
  permissions: WorkerPermissions;
  /** How the worker is isolated; undefined if it isn't. */
  isolation?: Isolation;
}

/** A kind as text. The entries are taken, because an object may have a `toJSON`. */
export function keyOf({ permissions, isolation }: WorkerKind): string {
  return JSON.stringify([Object.entries(permissions), isolation]);
}
