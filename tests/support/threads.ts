/**
 * Tests that need permissions. Plain `deno test` ignores them, so that it
 * passes without any flag; `deno task test` grants the permissions and passes
 * `--all`, with which nothing is ignored: a permission that is missing then
 * fails the test that needs it.
 *
 * @module
 */

const all = Deno.args.includes("--all");

function granted(descriptor: Deno.PermissionDescriptor): boolean {
  return Deno.permissions.querySync(descriptor).state === "granted";
}

const read = granted({
  name: "read",
  path: new URL("../../", import.meta.url),
});
const run = granted({ name: "run", command: "deno" });

/** A test that starts threads: a worker's modules are read from the project. */
export function threadTest(
  name: string,
  fn: (t: Deno.TestContext) => void | Promise<void>,
): void {
  Deno.test({ name, fn, ignore: !all && !read });
}

/** A test that starts `deno` as a process. Start it by that name. */
export function processTest(
  name: string,
  fn: (t: Deno.TestContext) => void | Promise<void>,
): void {
  Deno.test({ name, fn, ignore: !all && !(read && run) });
}
