import {
  assertEquals,
  assertNotEquals,
  assertStringIncludes,
  assertThrows,
} from "@std/assert";
import { Pool, Thread, type WorkerPermissions } from "../mod.ts";
import { threadTest } from "./_threads.ts";
import { attempt, stateOf } from "./testdata/thread_permissions.ts";

const names = ["env", "ffi", "import", "net", "read", "run", "sys", "write"];
const tests = new URL("./", import.meta.url);

async function run(
  what: string,
  permissions?: WorkerPermissions,
): Promise<string> {
  const options = { args: [what] as [string] };
  const thread = new Thread(
    attempt,
    permissions === undefined ? options : { ...options, permissions },
  );
  thread.start();
  return await thread.join();
}

threadTest("A thread has no permissions", async () => {
  await using pool = new Pool(1);
  for (const name of names as Deno.PermissionName[]) {
    const thread = new Thread(stateOf, { args: [name] });
    thread.start();
    assertNotEquals(await thread.join(), "granted", name);
    assertNotEquals(await pool.apply(stateOf, [name]), "granted", name);
  }
});

const refused = {
  read: "NotCapable: Requires read access",
  write: "NotCapable: Requires write access",
  net: "NotCapable: Requires net access",
  connect: "NotCapable: Requires net access",
  env: "NotCapable: Requires env access",
  run: "NotCapable: Requires run access",
  sys: "NotCapable: Requires sys access",
  importFile: "TypeError: Requires read access",
  importRemote: "TypeError: Requires import access",
};

for (const [what, message] of Object.entries(refused)) {
  threadTest(`A thread without permissions is refused: ${what}`, async () => {
    assertStringIncludes(await run(what), message);
  });
}

threadTest("A thread is given what it is given, and no more", async () => {
  const permissions = { read: [tests] };
  assertEquals(await run("read", permissions), "done");
  assertEquals(await run("importFile", permissions), "done");
  assertStringIncludes(await run("env", permissions), "NotCapable: ");
  assertStringIncludes(await run("write", permissions), "NotCapable: ");
  // The worker that had the permission doesn't run a thread that has none.
  assertStringIncludes(await run("read"), "NotCapable: ");
  assertStringIncludes(await run("read", { read: false }), "NotCapable: ");
  assertEquals(await run("read", permissions), "done");
});

threadTest("A pool is given what it is given, and no more", async () => {
  await using pool = new Pool(1, { permissions: { read: [tests] } });
  assertEquals(await pool.apply(attempt, ["read"]), "done");
  assertStringIncludes(await pool.apply(attempt, ["env"]), "NotCapable: ");
});

threadTest("A thread gets no more than the one that starts it", () => {
  for (const permissions of [{ net: true }, { env: ["HOME"] }]) {
    const thread = new Thread(attempt, { args: ["env"], permissions });
    const error = assertThrows(() => thread.start(), Error) as Error;
    assertEquals(error.name, "NotCapable");
    assertEquals(thread.isAlive, false);
  }
});
