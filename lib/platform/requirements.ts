// Copyright 2026 the lab9 authors. MIT license.

import { isBrowser } from "./platform.ts";

/** The first version of Deno that this library runs on. */
const LEAST: readonly [major: number, minor: number] = [2, 9];

/**
 * Checks what a worker needs to start. Deno reports a file that it can't read by an
 * event, which a main thread that blocks never gets: it would wait for ever.
 *
 * @param modules The URLs of the modules that the worker loads.
 * @throws {Deno.errors.NotCapable} If they may not be read.
 * @throws {Error} If Deno is too old.
 */
export function checkRequirements(modules: Iterable<string>): void {
  if (isBrowser) return;
  checkVersion(Deno.version.deno);
  checkReadable(modules);
}

/**
 * Checks the version of Deno.
 *
 * @throws {Error} If it is too old.
 */
export function checkVersion(version: string): void {
  const [major, minor] = version.split(".").map(Number);
  const [leastMajor, leastMinor] = LEAST;
  if (major > leastMajor || major === leastMajor && minor >= leastMinor) return;
  const least = LEAST.join(".");
  throw new Error(
    `Cannot start worker: Deno ${least} or later is needed, this is Deno ${version}`,
  );
}

function checkReadable(modules: Iterable<string>): void {
  const { querySync } = Deno.permissions;
  const isGranted = (descriptor: Deno.PermissionDescriptor) =>
    querySync.call(Deno.permissions, descriptor).state === "granted";
  if (isGranted({ name: "read" })) return;
  for (const url of modules) {
    if (!url.startsWith("file:")) continue;
    if (isGranted({ name: "read", path: new URL(url) })) continue;
    throw new Deno.errors.NotCapable(
      "Cannot start worker: Deno reads a worker's modules with the script's " +
        "permissions and the script may not read them all, run it with " +
        "--allow-read",
    );
  }
}

const OPTION = "worker-options";

/**
 * Checks that workers may be given permissions, in a notebook. Otherwise Deno ends the
 * process at the attempt. On a terminal it says why, but a notebook only says that its
 * kernel died.
 *
 * @throws {Error} If the notebook's kernel was started without the option.
 */
export function checkKernel(): void {
  if (isBrowser || !isNotebook() || isGiven()) return;
  throw new Error(
    `Cannot start worker: add { "unstable": ["${OPTION}"] } to deno.json in ` +
      `${Deno.cwd()} and restart the kernel`,
  );
}

/**
 * Whether this is a notebook's kernel. Elsewhere the getter of `Deno.jupyter` throws.
 * To make the error's stack, V8 parses a bundled program again, which takes a fifth of
 * the start. So this first looks for what only a kernel adds to Deno's internals.
 */
function isNotebook(): boolean {
  const { internal } = Deno as unknown as { internal: keyof typeof Deno };
  const internals: unknown = Deno[internal];
  if (internals instanceof Object && !("jupyter" in internals)) return false;
  try {
    return (Deno as { jupyter?: unknown }).jupyter !== undefined;
  } catch {
    return false;
  }
}

/** Whether the kernel's configuration or its command line has the option. */
function isGiven(): boolean {
  if (textOf("/proc/self/cmdline").includes(`--unstable-${OPTION}`)) {
    return true;
  }
  for (let folder = Deno.cwd();;) {
    for (const name of ["deno.json", "deno.jsonc"]) {
      const text = textOf(`${folder}/${name}`);
      if (text !== "") return text.includes(`"${OPTION}"`);
    }
    const parent = folder.replace(/[/\\][^/\\]*$/, "");
    if (parent === folder) return false;
    folder = parent;
  }
}

function textOf(path: string): string {
  try {
    return Deno.readTextFileSync(path);
  } catch {
    return "";
  }
}
