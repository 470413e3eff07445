import {
  assertEquals,
  assertLessOrEqual,
  assertMatch,
  assertStringIncludes,
} from "@std/assert";
import { Event, Pool, Queue, sleep, Thread } from "../../mod.ts";
import { processTest, threadTest } from "../support/threads.ts";
import { runProcess } from "../support/thread_process.ts";
import { getAll } from "../support/loading/waiting.ts";

threadTest(
  "A module that waits while it loads costs nobody a wake",
  async () => {
    const queue = new Queue<number>();
    const got = new Int32Array(new SharedArrayBuffer(4));
    const threads = Array.from(
      { length: 3 },
      () => new Thread(getAll, { args: [queue, got] }),
    );
    for (const thread of threads) await thread.start();
    await sleep(0.05);
    const events = [new Event(), new Event()];
    const waits = events.map((event) => event.wait({ timeout: 60 }));
    for (const event of events) event.set();
    assertEquals(await Promise.all(waits), [true, true]);
    for (let i = 0; i < 30; i++) {
      queue.putNowait(1);
      await sleep(0.002);
    }
    queue.shutdown();
    for (const thread of threads) await thread.join(60);
    assertEquals(got[0], 30);
    await using pool = new Pool(2);
    const other = new Queue<number>();
    other.putNowait(5);
    other.shutdown();
    await pool.apply(getAll, [other, got]);
    assertEquals(got[0], 35);
  },
);

const GUARD = "`if (import.meta.main)`";

for (const permissions of ["none", "inherit"]) {
  for (const what of ["pool", "thread", "prestart"]) {
    processTest(
      `A script without its guard is told of it: ${what}, ${permissions}`,
      async () => {
        const { code, out, err } = await runProcess("loading/unguarded.ts", [
          what,
          permissions,
        ]);
        assertEquals(code, 1);
        assertStringIncludes(err, `is to run behind ${GUARD}`);
        assertEquals(err.includes("--allow-read"), false, err);
        assertEquals(err.includes("data:"), false, err);
        const runs = out.split("module runs").length - 1;
        assertLessOrEqual(runs, what === "pool" ? 3 : 2, out);
      },
    );
  }
}

processTest("A guard that an imported module lacks is named", async () => {
  const { code, err } = await runProcess("loading/unguarded_import.ts", [
    "pool",
    "none",
  ]);
  assertEquals(code, 1);
  assertMatch(err, /Cannot load file:\S+unguarded\.ts: Cannot create pool: /);
  assertStringIncludes(err, GUARD);
});

processTest("expose() where no worker comes by is told of", async () => {
  const { code, out } = await runProcess("loading/unexposed.ts", []);
  assertEquals(code, 0);
  const lines = out.split("\n");
  assertEquals(lines.length, 12);
  for (const [i, line] of lines.entries()) {
    assertMatch(
      line,
      new RegExp(
        `^TypeError: Cannot run '${i < 6 ? "add" : "later"}': file:\\S+ ` +
          "exposes it in the main thread only, call expose\\(\\) at the top level",
      ),
    );
  }
});

for (
  const [kind, file] of [["sync", "no_worker"], ["await", "no_worker_await"]]
) {
  processTest(
    `A module that a worker can't load is named, and harms nobody: ${kind}`,
    async () => {
      const flags = ["--allow-env=HOME"];
      const { code, out, err } = await runProcess(
        "loading/modules.ts",
        [kind],
        flags,
      );
      assertEquals([code, err], [0, ""]);
      const reason =
        `Cannot load .*/${file}\\.ts: NotCapable: Requires env access`;
      const lost = `WorkerLostError: The worker of \\S+ broke down: ${reason}`;
      const expected = [
        "loud runs",
        "add: 2",
        "pool add: 2",
        `call: ${lost}`,
        `target: ${lost}`,
        `pool call: ${lost}`,
        `pool target: ${lost}`,
        `pool map: ${lost}`,
        `pool mail: ${lost}`,
        // Modules that nobody needs were not loaded by any worker until here.
        "not yet",
        "loud runs",
        "loud: loud",
        "loud runs",
        "pool loud: loud",
        // A function of any module may come through a queue.
        "loud runs",
        `queue: .*${reason}`,
        `pool queue: .*${reason}`,
        "queue add: 0",
        "pool queue add: 0",
        "pool after: 3",
      ];
      const lines = out.split("\n");
      assertEquals(lines.length, expected.length, out);
      for (const [i, line] of lines.entries()) {
        assertMatch(line, new RegExp(`^${expected[i]}`));
      }
    },
  );
}

processTest(
  "What can bring no function has no module loaded, nor one that hangs",
  async () => {
    const { code, out, err } = await runProcess("loading/on_demand.ts", []);
    const names = [
      "Barrier",
      "Condition",
      "Event",
      "Gil",
      "Lock",
      "RLock",
      "RWLock",
      "Semaphore",
      "SharedArrayBuffer",
      "AbortSignal",
      "Thread",
    ];
    const quiet = names.flatMap((name) => [`${name} object`, `${name} object`]);
    const loud = (result: string) => ["loud runs", result, "loud runs", result];
    assertEquals(out.split("\n"), [
      "loud runs",
      ...quiet,
      ...loud("0"),
      ...loud("loud"),
    ]);
    const late = /^file:\S+\/hanging\.ts has not been loaded after 5 seconds/gm;
    assertEquals(err.match(late)?.length, 2, err);
    assertEquals(code, 0);
  },
);

for (const folder of ["target", "linked", "folder", "half"]) {
  processTest(`A script loads in its workers: ${folder}`, async () => {
    const file = `loading/${folder}/script.ts`;
    for (const flags of [[], ["-A"]]) {
      const { code, out, err } = await runProcess(file, [], flags);
      assertEquals({ code, out, err }, {
        code: 0,
        out: "2,4,6,4,8,10",
        err: "",
      });
    }
  });
}
