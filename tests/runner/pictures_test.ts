import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { processTest } from "../support/threads.ts";

const root = new URL("../../", import.meta.url);

/** Has the runner write files into a folder, and gives them back as text. */
async function filesOf(...cells: string[]): Promise<Record<string, string>> {
  // Tests may not write: the process that they start makes and removes the folder.
  const script = `
    const dir = await Deno.makeTempDir({ dir: "." });
    try {
      const { success } = await new Deno.Command("deno", { args: [
        "run", "--allow-all", "labs/runner/main.ts", ...Deno.args, "--quiet",
        "--svg", dir + "/svg", "--trace", dir + "/trace", "--report", dir + "/report",
      ], stdout: "null" }).output();
      const files = { success: String(success) };
      for (const name of ["trace", "report"]) {
        files[name] = await Deno.readTextFile(dir + "/" + name);
      }
      for await (const { name } of Deno.readDir(dir + "/svg")) {
        files[name] = await Deno.readTextFile(dir + "/svg/" + name);
      }
      console.log(JSON.stringify(files));
    } finally {
      await Deno.remove(dir, { recursive: true });
    }`;
  const { stdout } = await new Deno.Command("deno", {
    args: ["eval", script, ...cells],
    cwd: root,
    stdin: "null",
    stderr: "null",
  }).output();
  return JSON.parse(new TextDecoder().decode(stdout));
}

processTest("the runner draws what really ran", async () => {
  const files = await filesOf("threads:7", "queue:24");
  assertEquals(Object.keys(files).sort(), [
    "queue-24.svg",
    "report",
    "success",
    "threads-7.svg",
    "trace",
  ]);
  assertEquals(files.success, "true");
  for (
    const name of ["MainThread", "Thread-1 (doSomething)", "join", "sleep"]
  ) {
    assertStringIncludes(files["threads-7.svg"], name);
  }
  const { traceEvents } = JSON.parse(files.trace);
  const phases = new Set(traceEvents.map(({ ph }: { ph: string }) => ph));
  // Names, spans, both ends of a flow, and a queue's depth.
  assertEquals(phases, new Set(["M", "X", "s", "f", "C"]));
  for (const { ph, ts, tid } of traceEvents) {
    assert(ph === "M" || Number.isInteger(ts) && Number.isInteger(tid));
  }
  assertStringIncludes(files.report, "threads:7");
  assertStringIncludes(files.report, "Message processed");
});
