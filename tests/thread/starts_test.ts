import { assertEquals, assertStringIncludes } from "@std/assert";
import { enumerate, Pool, Queue, Thread } from "../../mod.ts";
import { processTest, threadTest } from "../support/threads.ts";
import * as fns from "../support/starts.ts";
import { untilAlone } from "../support/until_alone.ts";

const file = new URL("../support/starts.ts", import.meta.url);

// deno-lint-ignore no-explicit-any -- functions of all kinds
type Fn = (...args: any[]) => any;

/** What each function gives, in a thread and in a pool's task. */
const calls: [name: string, fn: Fn, args: unknown[], expected: unknown][] = [
  ["starts a thread", fns.squareInThread, [7], 49],
  ["starts a thread and blocks", fns.squareInThreadSync, [7], 49],
  ["starts threads that start threads", fns.nested, [3], 3],
  ["is told what its thread threw", fns.failInThread, [], [
    true,
    "no such number",
    true,
  ]],
  ["does no harm by sending nonsense", fns.sendNonsense, [], 49],
  ["shares its own queue", fns.shareQueue, [], [true, 24]],
  ["joins with a limit and terminates", fns.joinLate, [], [
    "TimeoutError",
    "TimeoutError",
    false,
    "AbortError",
  ]],
  ["uses a pool", fns.usePool, [2], [
    [1, 4, 9],
    144,
    [16, 25],
    600_000,
    true,
    2,
  ]],
  ["ends its pool's task that waits", fns.endTask, ["nap"], "TimeoutError"],
];

for (const [name, fn, args, expected] of calls) {
  threadTest(`A thread ${name}`, async () => {
    const thread = new Thread(fn, { args });
    thread.start();
    assertEquals(await thread.join(), expected);
    // The worker is another thread's now.
    const again = new Thread(fn, { args });
    again.start();
    assertEquals(await again.join(), expected);
  });
  threadTest(`A thread ${name} while the main thread blocks`, () => {
    const thread = new Thread(fn, { args });
    thread.start();
    assertEquals(thread.joinSync(), expected);
  });
  threadTest(`A pool's task ${name}`, async () => {
    await using pool = new Pool(2);
    const results = await Promise.all([
      pool.apply(fn, args),
      pool.apply(fn, args),
    ]);
    assertEquals(results, [expected, expected]);
  });
}

threadTest(
  "Threads of threads have names and numbers of their own",
  async () => {
    const thread = new Thread(fns.namesOfThreads);
    thread.start();
    const names = await thread.join();
    assertEquals(new Set(names).size, 3);
  },
);

threadTest("A pool of a thread that has ended is terminated", async () => {
  const thread = new Thread(fns.leavePool);
  thread.start();
  await thread.join();
  await untilAlone();
});

threadTest("A pool of a thread that is terminated is, too", async () => {
  const thread = new Thread(fns.endTask, { args: ["nap"] });
  thread.start();
  await thread.terminate();
  await untilAlone();
});

for (const fn of [fns.leaveThread, fns.closeWithThread]) {
  threadTest(
    `A thread goes on when its starter has ended: ${fn.name}`,
    async () => {
      const from = new Queue<string>();
      const to = new Queue<string>();
      const thread = new Thread(fn, { args: [from, to] });
      thread.start();
      await thread.join().catch(() => {});
      assertEquals(enumerate().map(({ name }) => name), ["MainThread", "left"]);
      await from.put("late");
      assertEquals(await to.get(), "late");
      await untilAlone();
    },
  );
}

const tooMuch = "NotCapable: Cannot start worker: it can't be given more " +
  "permissions than the thread that starts it has, ask for less of 'read'";
const here = [new URL("../support/", import.meta.url).pathname];

for (const inPool of [false, true]) {
  const what = inPool ? "A pool" : "A thread";
  threadTest(
    `${what} is given no more than the thread that makes it`,
    async () => {
      const cases = [
        ["none", "none", "NotCapable"],
        ["none", "inherit", "NotCapable"],
        ["none", { read: true }, tooMuch],
        ["none", { read: here }, tooMuch],
        ["none", { read: "inherit" }, "NotCapable"],
        [{ read: here }, "none", "NotCapable"],
        [{ read: here }, "inherit", "read"],
        [{ read: here }, { read: here }, "read"],
        [{ read: here }, { read: "inherit" }, "read"],
        [{ read: here }, { read: true }, tooMuch],
        [{ read: here }, { read: [...here, "/"] }, tooMuch],
        [{ read: here }, { read: false }, "NotCapable"],
        ["inherit", "inherit", "read"],
        ["inherit", { read: here }, "read"],
        ["inherit", "none", "NotCapable"],
      ] as const;
      for (const [own, asked, expected] of cases) {
        const permissions = own as Deno.PermissionOptions;
        const thread = new Thread(fns.readWith, {
          args: [asked as Deno.PermissionOptions, inPool],
          permissions,
        });
        thread.start();
        assertEquals(
          await thread.join(),
          expected,
          `${JSON.stringify(own)} -> ${JSON.stringify(asked)}`,
        );
      }
    },
  );
}

async function run(what: string): Promise<string> {
  const { stdout, stderr } = await new Deno.Command("deno", {
    args: ["run", "--no-prompt", "--allow-read=.", file.href, what],
    env: { NO_COLOR: "1" },
  }).output();
  const decoder = new TextDecoder();
  return decoder.decode(stdout) + decoder.decode(stderr);
}

processTest("The process lives as long as a thread of a daemon", async () => {
  assertEquals(await run("goes on"), "late\n");
});

processTest(
  "What a thread throws whose starter has ended is told",
  async () => {
    assertStringIncludes(
      await run("fails"),
      "Exception in thread left: [RangeError: no such number]",
    );
  },
);
