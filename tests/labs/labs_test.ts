import {
  assert,
  assertEquals,
  assertMatch,
  assertStringIncludes,
} from "@std/assert";
import { repr } from "../../labs/notebook/python/repr.ts";
import { enumerate } from "../../mod.ts";
import {
  assertReproduced,
  assertSlept,
  outputsOf,
  runLabTask,
} from "../support/labs.ts";
import { runProcess } from "../support/thread_process.ts";
import { processTest } from "../support/threads.ts";
import { recorded } from "../../labs/runner/judge/record.ts";

processTest("lab:threads prints what the notebook recorded", async () => {
  const run = await runLabTask("threads");
  assertEquals(run.stderr, "");
  assertEquals(run.code, 0);
  const outputs = outputsOf(run);
  assertReproduced("threads", outputs);
  assertSlept(outputs.get("5"), 2);
  assertSlept(outputs.get("7"), 1);
  assertSlept(outputs.get("8"), 0);
  assertSlept(outputs.get("10"), 2);
  // Cell [8] reads its clock before its threads are done.
  const lines = outputs.get("8")!.split("\n");
  assert(
    lines.findIndex((l) => l.startsWith("Finished")) <
      lines.indexOf("Done sleeping"),
  );
});

processTest("lab:queue prints what the notebook recorded", async () => {
  const run = await runLabTask("queue");
  assertEquals(run.stderr, "");
  assertEquals(run.code, 0);
  const outputs = outputsOf(run);
  assertReproduced("queue", outputs);
  // The thread that receives a message is the one that processes it.
  const lines = outputs.get("24")!;
  for (const item of ["wuphf", "dot", "com"]) {
    const ident = new RegExp(`received = ${item}, id = (\\d+)`).exec(lines)![1];
    assertStringIncludes(lines, `Processing message .... ${ident} -- ${item}`);
    assertStringIncludes(lines, `Message processed .... ${ident} -- ${item}`);
  }
});

processTest("lab:deadlock reports the ring, and then has none", async () => {
  for (const workers of [2, 5]) {
    const run = await runLabTask("deadlock", "--workers", `${workers}`);
    assertEquals([run.code, run.stderr], [0, ""]);
    const outputs = outputsOf(run);
    const report = outputs.get("deadlock")!;
    assertEquals(report.match(/^DeadlockError: /gm)?.length, 1);
    assertStringIncludes(report, `${workers} threads would wait`);
    const told = report.match(/^ {2}Thread-\d+ \(move\) waits for Lock/gm);
    assertEquals(told?.length, workers);
    const { length } = report.match(/ moved \d+ from /g)!;
    assertEquals(length, workers - 1);
    const fix = outputs.get("fix")!;
    assertEquals(fix.match(/ moved \d+ from /g)!.length, workers);
    const balances = fix.match(/(?<=^account-\d+ )\d+$/gm)!.map(Number);
    assertEquals(balances.reduce((a, b) => a + b), 100 * workers);
  }
});

processTest(
  "lab:race finds the lost update, and none with the lock",
  async () => {
    for (const workers of [2, 3]) {
      const run = await runLabTask("race", "--workers", `${workers}`);
      assertEquals([run.code, run.stderr], [0, ""]);
      const outputs = outputsOf(run);
      assertMatch(
        outputs.get("luck")!,
        /^Ten runs without a lock counted to:( \d+){10}$/,
      );
      const race = outputs.get("race")!;
      assertStringIncludes(
        race,
        `${workers} increments came to ${workers - 1}`,
      );
      assertStringIncludes(race, "read → 0  race.ts:");
      assertMatch(race, /1 preemption, found in schedule \d+/);
      assertMatch(
        race,
        /^Run again from that line, it fails in the same way: true$/m,
      );
      assertMatch(
        outputs.get("fix")!,
        /^nothing lost in (all )?\d+ schedules/m,
      );
    }
  },
);

processTest("a lab runs a chosen cell and what it depends on", async () => {
  const run = await runLabTask("queue", "--cell", "26");
  assertEquals(run.code, 0);
  assertEquals([...outputsOf(run).keys()], ["17", "18", "22", "23", "26"]);
});

processTest(
  "a lab runs a range of cells, in fewer calls and workers",
  async () => {
    const args = ["--cell", "threads:9-10", "--quick", "--workers", "3"];
    const run = await runLabTask("threads", ...args);
    assertEquals(run.code, 0);
    assertStringIncludes(run.stdout, "In [10]: ten threads, --workers 3\n");
    const output = outputsOf(run).get("10")!;
    assertEquals(output.match(/^Sleeping 1 second\.\.\./gm)?.length, 3);
  },
);

processTest("a lab lists its cells and explains its flags", async () => {
  const list = await runLabTask("pool", "--list");
  assertEquals(
    list.stdout.match(/^\[\w+\]/gm),
    recorded["pool"].map(({ id }) => `[${id.slice(5)}]`),
  );
  const help = await runLabTask("pool", "--help");
  for (const flag of ["--cell", "--workers", "--quick", "--list", "--help"]) {
    assertStringIncludes(help.stdout, flag);
  }
  assertEquals([list.code, help.code], [0, 0]);
});

processTest("a lab's prose fits a narrow terminal", async () => {
  const { code, out } = await runProcess("narrow_terminal.ts", [], ["-A"]);
  assertEquals([code, out.split("\n")], [0, [
    "In [4]: do_something() sleeps for a second",
    "# A function that sleeps for a second,",
    "# as one that waits for a disk or a",
    "# server would.",
  ]]);
});

processTest("a lab says what is valid, with exit code 2", async () => {
  for (
    const [args, message] of [
      [
        ["--cell", "99"],
        "Cannot run cell '99': the cells are 4, 5, 7, 8, 9, 10",
      ],
      [["--cell", "8-5"], "Cannot run cell '8-5': the cells are"],
      [["--wrong"], "Unknown flag '--wrong': the flags are --cell"],
      [["stray"], "Unknown argument 'stray'"],
      [["--workers", "0"], "it must be a number from 1 to 64"],
      [["--workers"], "Cannot take --workers without a value"],
      [["--workers", "two"], "it must be a number from 1 to 64"],
      [["--cell"], "Cannot take --cell without a value"],
      [["--cell", ""], "Cannot take --cell without a value"],
      [["--quick", "--quick"], "Cannot take --quick twice"],
      [["--", "7"], "Unknown argument '7': cells are chosen by --cell"],
      [["--no-gil"], "Unknown flag '--no-gil'"],
      [["--step"], "Cannot take --step without --events"],
    ] as const
  ) {
    const run = await runLabTask("threads", ...args);
    assertStringIncludes(run.stderr, message);
    assertEquals([run.code, run.stdout], [2, ""], args.join(" "));
  }
});

processTest(
  "a lab takes no more and no fewer threads than it can",
  async () => {
    const wrong = [
      ["race", "9", "from 2 to 6"],
      ["race", "1", "from 2 to 6"],
      ["deadlock", "1", "from 2 to 64"],
    ] as const;
    for (const [lab, workers, range] of wrong) {
      const run = await runLabTask(lab, "--workers", workers);
      assertEquals(
        run.stderr.split("\n")[0],
        `Cannot run with --workers '${workers}': it must be a number ${range}`,
      );
      assertEquals([run.code, run.stdout], [2, ""]);
    }
  },
);

Deno.test("the record has the notebook's 29 cells", () => {
  const cells = Object.values(recorded).flat();
  assertEquals(cells.length, 29);
  assertEquals(new Set(cells.map(({ id }) => id)).size, 29);
});

Deno.test("threads are listed as Python prints them", () => {
  const [main] = enumerate();
  assertEquals(
    repr([main]),
    `[<_MainThread(MainThread, started ${main.ident})>]`,
  );
});
