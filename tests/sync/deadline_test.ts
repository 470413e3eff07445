import { assert, assertEquals, assertThrows } from "@std/assert";
import { checkSeconds, deadlineOf } from "../../lib/sync/deadline.ts";
import { processTest } from "../support/threads.ts";

Deno.test("deadlineOf() counts seconds from now", () => {
  assertEquals(deadlineOf("wait", undefined), Infinity);
  assertEquals(deadlineOf("wait", Infinity), Infinity);
  const before = performance.now();
  const deadline = deadlineOf("wait", 2);
  assert(deadline >= before + 2000 && deadline <= performance.now() + 2000);
  assert(deadlineOf("wait", -0) <= performance.now());
});

Deno.test("deadlineOf() refuses what is no length of time", () => {
  for (const timeout of [-1, -Number.MIN_VALUE, -Infinity, NaN]) {
    assertThrows(
      () => deadlineOf("wait for it", timeout),
      RangeError,
      `Cannot wait for it: timeout must be non-negative, received ${timeout}`,
    );
  }
  for (const timeout of ["1", 1n, null, {}, true, Symbol("1")]) {
    assertThrows(
      () => deadlineOf("wait for it", timeout as never),
      TypeError,
      "Cannot wait for it: timeout must be a number of seconds, received ",
    );
  }
  assertThrows(() => checkSeconds("sleep", "seconds", -1), RangeError);
});

/** Runs a program that waits until `wake()` is called, from a timer. */
async function runWaiting(keepAlive: boolean, timer: string): Promise<string> {
  const { href } = new URL("../../lib/sync/wait_list.ts", import.meta.url);
  const source = `
    import { WaitList, PENDING } from ${JSON.stringify(href)};
    const words = new Int32Array(new SharedArrayBuffer(64));
    const list = new WaitList(words, 0);
    let there = false;
    const wake = () => { there = true; list.notify(); };
    ${timer}
    await list.wait(() => there || PENDING, {
      deadline: performance.now() + 300,
      keepAlive: ${keepAlive},
    });
    console.log(there ? "woken" : "timed out");`;
  const { stdout, stderr } = await new Deno.Command("deno", {
    args: [
      "run",
      "--no-check",
      `data:text/javascript,${encodeURIComponent(source)}`,
    ],
  }).output();
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes).trim();
  return text(stdout) || text(stderr);
}

processTest("WaitList.wait() keeps the process from ending", async () => {
  assertEquals(await runWaiting(true, ""), "timed out");
  assertEquals(await runWaiting(true, "setTimeout(wake, 50)"), "woken");
});

processTest(
  "WaitList.wait() needn't keep the process from ending",
  async () => {
    const timers = "setTimeout(wake, 50); setTimeout(() => {}, 1000);";
    assertEquals(await runWaiting(false, timers), "woken");
    const output = await runWaiting(false, "");
    assert(!output.includes("woken") && !output.includes("timed out"), output);
  },
);
