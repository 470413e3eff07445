// Copyright 2026 the lab9 authors. MIT license.

import { notCapable, pathOf } from "../platform/platform.ts";
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
