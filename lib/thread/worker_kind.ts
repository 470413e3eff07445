// Copyright 2026 the lab9 authors. MIT license.

import { isBrowser, notCapable, pathOf } from "../platform/platform.ts";
import { kindOf } from "../checks.ts";

/** The permissions that Deno knows. It ignores any other name. */
const NAMES = ["env", "ffi", "import", "net", "read", "run", "sys", "write"];

/** What a worker may do, as Deno's `deno.permissions` takes it. */
export type WorkerPermissions = Deno.PermissionOptions;

/**
 * The same permissions, in a form that is compared as text: nothing that the
 * caller still holds, and a file in one spelling.
 *
 * @throws {TypeError} If they are no permissions. Deno takes `null` for all that
 * the script has.
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
    // A method of the object's own grants nothing.
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
 * What a thread may be given that another asks for, which has its own.
 *
 * @throws {Deno.errors.NotCapable} If that is more. A path or host has to stand in
 * the starter's own as it is asked for.
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

/** Says what to do about permissions that the script itself doesn't have. */
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
 * Options of threads and pools, for code that may need any memory or any time.
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
   * How large the heap of a worker may be, in megabytes, at least 16. A task
   * that exhausts it rejects with {@linkcode WorkerLostError}; the process goes on.
   * Typed arrays and the memory of WebAssembly aren't counted. Implies
   * `isolation: "killable"`.
   *
   * @default {Infinity}
   */
  memoryLimit?: number;
  /**
   * `"killable"` has workers that are ended even while they compute, when the time
   * has passed that they have to end by themselves. Each takes some 20 MB and
   * half a second to start. Of permissions to read, it can be given all or
   * none.
   */
  isolation?: "killable";
}

/** How a worker is isolated. */
export interface Isolation {
  /** In megabytes; what Deno's heaps have if it isn't given. */
  memoryLimit?: number;
}

/** A worker with less can't load the library. */
const LEAST_MB = 16;
/** What the inner worker needs to load modules, if it isn't given that. */
export const FOR_LOADING = ["read", "import"] as const;

/**
 * What the options say; undefined if workers are as they always are.
 *
 * @throws {TypeError} If an option is none, or there are permissions to read some
 * files and not others.
 * @throws {RangeError} If the limit is no size that a worker can have.
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
  if (typeof limit !== "number") {
    throw new TypeError(
      `Cannot ${action}: memoryLimit must be a number, received ${
        kindOf(limit)
      }`,
    );
  }
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

/** What workers differ in that have run nothing. */
export interface WorkerKind {
  permissions: WorkerPermissions;
  /** How it is isolated, if it is. */
  isolation?: Isolation;
}

/** A kind as text; by entries, because an object may have its own text. */
export function keyOf({ permissions, isolation }: WorkerKind): string {
  return JSON.stringify([Object.entries(permissions), isolation]);
}
