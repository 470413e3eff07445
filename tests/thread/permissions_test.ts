import {
  assert,
  assertEquals,
  assertMatch,
  assertNotEquals,
  assertNotMatch,
  assertRejects,
  assertStringIncludes,
  assertThrows,
} from "@std/assert";
import { Pool, Thread, type WorkerPermissions } from "../../mod.ts";
import { processTest, threadTest } from "../support/threads.ts";
import {
  attempt,
  attemptNames,
  stateOf,
  tryOut,
} from "../support/thread_permissions.ts";
import { runProcess } from "../support/thread_process.ts";

const names = ["env", "ffi", "import", "net", "read", "run", "sys", "write"];
const tests = new URL("../", import.meta.url);

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

threadTest(
  "What a missing permission throws says where to give it",
  async () => {
    const hint = "\nA worker has only the permissions that the option " +
      "`permissions` of its Thread or Pool gives it";
    const thread = new Thread(tryOut, { args: ["env"] });
    thread.start();
    await using pool = new Pool(1);
    for (
      const refuse of [
        () => thread.join(),
        () => pool.apply(tryOut, ["env"]),
        () => pool.map(tryOut, ["importFile"]),
      ]
    ) {
      const error = await assertRejects(refuse, Error, "Requires ");
      const { message } = error.cause as Error;
      assert(message.endsWith(hint), message);
    }
    const other = await assertRejects(
      () => pool.apply(tryOut, ["unknown"]),
      Error,
    );
    assert(!(other.cause as Error).message.includes(hint));
  },
);

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

Deno.test("Asking for more than the script has is an error that says what to do", () => {
  const permissions = { env: ["HOME"], net: true, read: false };
  const thread = new Thread(attempt, { args: ["env"], permissions });
  for (
    const start of [() => thread.start(), () => new Pool(1, { permissions })]
  ) {
    const message = "run the script with --allow-env=HOME --allow-net or ask";
    assertThrows(start, Deno.errors.NotCapable, message);
  }
});

Deno.test("Permissions that are none are refused", () => {
  // Deno takes null for everything that the script may do.
  for (const permissions of [null, true, "all", 1]) {
    const options = { permissions: permissions as unknown as "none" };
    const message = 'permissions must be "none", "inherit" or an object';
    const args: [string] = ["read"];
    assertThrows(
      () => new Thread(attempt, { args, ...options }),
      TypeError,
      message,
    );
    assertThrows(() => new Pool(1, options), TypeError, message);
  }
});

threadTest(
  "A worker is kept for threads with the very same permissions",
  async () => {
    // What is inherited is no permission, or it would not show in the key.
    const inherited = Object.create({ read: true });
    assertStringIncludes(await run("read", inherited), "NotCapable: ");
    const text = { toJSON: () => "none", read: [tests] };
    assertEquals(await run("read", text), "done");
    assertStringIncludes(await run("read", "none"), "NotCapable: ");
    const list = [tests];
    const thread = new Thread(attempt, {
      args: ["read"],
      permissions: { read: list },
    });
    // Changed since: what counts is what the thread was made with.
    list.pop();
    thread.start();
    assertEquals(await thread.join(), "done");
    assertEquals(await run("read", "inherit"), "done");
    // A path that looks like a URL is a path.
    const path = { read: [tests.href] };
    assertStringIncludes(await run("read", path), "NotCapable: ");
    assertEquals(await run("read", { read: [tests] }), "done");
  },
);

processTest("A worker may do nothing, whatever the script may", async () => {
  const flags = ["-A", "--no-lock"];
  const { code, out, err } = await runProcess(
    "permissions_scenario.ts",
    [],
    flags,
  );
  assertEquals(code, 0, err);
  const results = JSON.parse(out.split("\n").at(-1)!) as Record<
    string,
    string[]
  >;
  for (const [what, [thread, pool, main]] of Object.entries(results)) {
    const refusal = what.startsWith("request")
      ? /^denied$/
      : what.startsWith("import")
      ? /^TypeError: Requires (read|import) access/
      : /NotCapable: /;
    assertMatch(thread, refusal, what);
    assertMatch(pool, refusal, what);
    // The attempt as such could have worked.
    if (/ffi/i.test(what)) assertNotMatch(main, refusal);
    else assertMatch(main, /^(done|granted)$/, what);
  }
  assertEquals(Object.keys(results).length, attemptNames.length + names.length);
});

/** Runs threads on a terminal whose user answers so. */
async function runOnTerminal(answer: string): Promise<string[]> {
  const flags = ["--allow-run=script", "--allow-read"];
  const { out, err } = await runProcess("on_terminal.ts", [answer], flags);
  assertEquals(err, "");
  return out.split("\n");
}

processTest("A worker is kept on a terminal; a grant is not", async () => {
  const out = await runOnTerminal("y");
  assertEquals(out, ["seen 1 2 granted prompt", "seen 3", "seen 1 1"]);
});

processTest(
  "What a terminal's user grants for good ends a worker",
  async () => {
    const out = await runOnTerminal("A");
    assertEquals(out, ["seen 1 2 granted prompt", "seen 1", "seen 1 1"]);
  },
);

processTest("What a terminal's user refuses ends a worker", async () => {
  const out = await runOnTerminal("n");
  assertEquals(out, ["seen 1 2 denied prompt", "seen 1", "seen 1 1"]);
});
