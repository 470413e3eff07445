import { assertEquals, assertLess } from "@std/assert";
import { processTest } from "../support/threads.ts";
import { newSeed, Random } from "../support/shared_random.ts";

/** What a process that Ctrl-C has met left behind. */
interface Interrupted {
  code: number;
  signal: Deno.Signal | null;
  out: string;
  err: string;
}

const seed = newSeed();
const random = new Random(seed);

/** Runs a program until it says that it is ready, and a little longer. */
async function interrupt(phase: string): Promise<Interrupted> {
  const child = new Deno.Command("deno", {
    args: [
      "run",
      "--no-check",
      "--no-prompt",
      "--allow-read=lib,mod.ts,tests,vendor",
      "tests/support/interrupt.ts",
      phase,
    ],
    cwd: new URL("../../", import.meta.url),
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const late = setTimeout(() => child.kill("SIGKILL"), 30_000);
  const [first, stdout] = child.stdout.tee();
  const texts = [stdout, child.stderr].map((s) => new Response(s).text());
  const reader = first.getReader();
  if (!(await reader.read()).done) {
    const delay = random.below(60);
    await new Promise((resolve) => setTimeout(resolve, delay));
    child.kill("SIGINT");
  }
  const start = performance.now();
  const { code, signal } = await child.status;
  clearTimeout(late);
  await reader.cancel();
  // A process that it left would hold the output open.
  const [out, err] = await Promise.all(texts);
  assertLess(performance.now() - start, 20_000, `seed ${seed}: ${err}`);
  return { code, signal, out: out.trim().replace(/^(ready\s*)+/, ""), err };
}

for (
  const phase of [
    "startingWorkers",
    "computingTasks",
    "computingTask",
    "busyThreads",
    "sleepingThreads",
    "listeningThread",
    "get",
    "joinSync",
    "getSync",
    "putSync",
    "acquireSync",
    "sleepSync",
    "joiningPool",
    "terminatingThreads",
  ]
) {
  processTest(`Ctrl-C ends a process, phase ${phase}`, async () => {
    assertEquals(await interrupt(phase), {
      code: 130,
      signal: "SIGINT",
      out: "",
      err: "",
    });
  });
}

processTest("Ctrl-C: the program's own listener ends its pool", async () => {
  assertEquals(await interrupt("ownHandler"), {
    code: 0,
    signal: null,
    out: "The pool was terminated",
    err: "",
  });
});
