// Copyright 2026 the lab9 authors. MIT license.

/** The first version of Deno that this library runs on. */
const LEAST: readonly [major: number, minor: number] = [2, 9];

/**
 * Refuses to start a worker that would fail, or hang a main thread that blocks.
 * Deno says what a worker lacks to nobody but the event loop, and one file at a
 * time.
 *
 * @throws {Deno.errors.NotCapable} If the modules can't be read.
 * @throws {Error} If Deno is too old.
 */
export function checkRequirements(modules: Iterable<string>): void {
  checkVersion(Deno.version.deno);
  checkReadable(modules);
}

/** Refuses a version of Deno before the first that will do. */
export function checkVersion(version: string): void {
  const [major, minor] = version.split(".").map(Number);
  const [leastMajor, leastMinor] = LEAST;
  if (major > leastMajor || major === leastMajor && minor >= leastMinor) return;
  throw new Error(
    `Cannot start worker: Deno ${
      LEAST.join(".")
    } or later is needed, this is ` +
      `Deno ${version}`,
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
