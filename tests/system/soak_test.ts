import { assert, assertEquals, assertNotEquals } from "@std/assert";
import { processTest } from "../support/threads.ts";
import { type Finished, runProcess } from "../support/thread_process.ts";

const soak = (...args: string[]): Promise<Finished> =>
  runProcess("../system/soak.ts", args);

/** What one round of a seed has made tasks and threads do. */
async function planOf(seed: string): Promise<string[]> {
  const { code, out, err } = await soak("--minutes", "1e-6", "--seed", seed);
  assertEquals([code, err], [0, ""]);
  assert(out.startsWith(`Seed             ${seed}\nRounds           1\n`), out);
  return out.split("\n").filter((line) => /^ {2}(task|thread):/.test(line));
}

processTest("soak: nothing is lost in a short time", async () => {
  const { code, out, err } = await soak("--minutes", "0.05");
  assertEquals([code, err], [0, ""]);
  for (const what of ["Lost", "Doubled", "Threads left"]) {
    assert(out.includes(`${what.padEnd(16)} 0\n`), out);
  }
});

processTest("soak: a seed tells what is done", async () => {
  const plan = await planOf("7");
  assert(plan.length > 5);
  assertEquals(await planOf("7"), plan);
  assertNotEquals(await planOf("8"), plan);
});

processTest(
  "soak: all schedules of a scenario, as far as it comes",
  async () => {
    const { code, out, err } = await soak(
      ...["--explore", "--all", "--seconds", "0.2", "--only", "^(Mutex|Event)"],
    );
    assertEquals([code, err], [0, ""]);
    const lines = out.split("\n").slice(1, 3);
    for (const [i, name] of ["Mutex: three threads", "Event: set"].entries()) {
      assert(lines[i].startsWith(name), out);
      assert(/ \d+ +\d+ +\d+ +[-0-3]$/.test(lines[i].replaceAll(",", "")), out);
    }
  },
);

processTest("soak: mistakes in the command line, and help", async () => {
  const all = ["--explore", "--all"];
  for (
    const [args, message] of [
      [["--minutes", "0"], "Cannot run with --minutes '0'"],
      [["--minutes", "long"], "Cannot run with --minutes 'long'"],
      [["--seed", "x"], "Cannot run with --seed 'x'"],
      [[...all, "--seconds", "0"], "Cannot run with --seconds '0'"],
      [[...all, "--preemptions", "x"], "Cannot run with --preemptions 'x'"],
      [[...all, "--only", "("], "Cannot run with --only '('"],
      [["--explore", "--only", "x"], "Cannot take --only without --explore "],
      [["--seconds", "1"], "Cannot take --seconds without --explore --all"],
      [["--all"], "Cannot take --all without --explore"],
      [["--fuzz", "--explore"], "Cannot take --fuzz and --explore together"],
      [["--fast"], "Unknown '--fast'"],
      [["pool"], "Unknown 'pool'"],
    ] as const
  ) {
    const { code, out, err } = await soak(...args);
    assertEquals([code, out], [2, ""]);
    assert(err.startsWith(message), err);
  }
  const { code, out } = await soak("--help");
  assertEquals(code, 0);
  assert(out.includes("--minutes N"));
});
