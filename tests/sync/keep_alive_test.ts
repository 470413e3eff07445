import { assert, assertEquals } from "@std/assert";
import { processTest } from "../support/threads.ts";

/** Runs a program that may hold the event loop; says what it printed, or why not. */
async function run(program: string): Promise<string> {
  const { href } = new URL("../../lib/sync/keep_alive.ts", import.meta.url);
  const source = `
    import { hold } from ${JSON.stringify(href)};
    const nothing = new Int32Array(new SharedArrayBuffer(4));
    /** Keeps nothing alive by itself. */
    const pass = (ms) => Atomics.waitAsync(nothing, 0, 0, ms).value;
    ${program}`;
  const { stdout, stderr } = await new Deno.Command("deno", {
    args: ["run", `data:text/javascript,${encodeURIComponent(source)}`],
    signal: AbortSignal.timeout(120_000),
  }).output();
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes).trim();
  return text(stdout) || text(stderr);
}

processTest("hold() keeps the event loop alive, however long", async () => {
  const printed = await run(`
    const held = hold();
    await pass(2500);
    held[Symbol.dispose]();
    console.log("through");`);
  assertEquals(printed, "through");
});

processTest("hold() keeps it as long as anybody holds it", async () => {
  const printed = await run(`
    const [first, second] = [hold(), hold()];
    first[Symbol.dispose]();
    first[Symbol.dispose]();
    await pass(100);
    const third = hold();
    second[Symbol.dispose]();
    await pass(100);
    third[Symbol.dispose]();
    using _again = hold();
    await pass(1200);
    console.log("through");`);
  assertEquals(printed, "through");
});

processTest(
  "hold() has a clock of its own, whatever time tests set",
  async () => {
    const printed = await run(`
    const { timeout } = AbortSignal;
    AbortSignal.timeout = () => new AbortController().signal;
    hold()[Symbol.dispose]();
    AbortSignal.timeout = timeout;
    using _held = hold();
    await pass(1200);
    console.log("through");`);
    assertEquals(printed, "through");
  },
);

processTest("a hold that was given up keeps nothing alive", async () => {
  assertEquals(
    await run(`hold()[Symbol.dispose](); console.log("through");`),
    "through",
  );
  // Nor does the clock behind it hide that an await will never end.
  const message = await run(`
    hold()[Symbol.dispose]();
    await new Promise(() => {});`);
  assert(message.includes("Top-level await promise never resolved"), message);
});
