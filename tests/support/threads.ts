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

type TestFunction = (t: Deno.TestContext) => void | Promise<void>;

/** A test that starts threads: a worker's modules are read from the project. */
export function threadTest(name: string, fn: TestFunction): void {
  test(name, fn, read);
}

/** A test that starts `deno` as a process. Start it by that name. */
export function processTest(name: string, fn: TestFunction): void {
  test(name, fn, read && run);
}

function test(name: string, fn: TestFunction, isPermitted: boolean): void {
  const ignore = !all && !isPermitted;
  if (ignore) localStorage.setItem(KEY, `${Deno.pid} ${leftOut() + 1}`);
  Deno.test({ name, fn, ignore });
}

/**
 * Each file of tests is a program of its own. What they have in common, and
 * without any permission, is this storage of the project's.
 */
const KEY = "tests left out";

/** How many tests this run of the test runner has left out until now. */
export function leftOut(): number {
  const [pid, count] = (localStorage.getItem(KEY) ?? "").split(" ");
  return Number(pid) === Deno.pid ? Number(count) : 0;
}
