// A program of several modules: what runs in its workers, and what can't.

import { Pool, Queue, Thread } from "../../../mod.ts";
import { add, call, callNext, zero } from "./functions.ts";
import { loud } from "./loud.ts";
import { homeOf } from "./no_worker.ts";
import { homeLater } from "./no_worker_await.ts";

async function report(
  what: string,
  run: () => Promise<unknown>,
): Promise<void> {
  try {
    console.log(`${what}: ${await run()}`);
  } catch (error) {
    console.log(`${what}: ${error}`);
    let own = error as Error;
    while (own.name !== "NotCapable") own = own.cause as Error;
  }
}

// deno-lint-ignore no-explicit-any -- any exposed function
function start(target: (...args: any[]) => unknown, ...args: unknown[]) {
  const thread = new Thread(target, { name: "thread", args });
  thread.start();
  return thread.join();
}

function queueOf(fn: () => unknown): Queue<() => unknown> {
  const queue = new Queue<() => unknown>();
  queue.putNowait(fn);
  return queue;
}

if (import.meta.main) {
  const failing = Deno.args[0] === "await" ? homeLater : homeOf;
  await using pool = new Pool(1);
  await report("add", () => start(add, 1));
  await report("pool add", () => pool.apply(add, [1]));
  await report("call", () => start(call, failing));
  await report("target", () => start(failing));
  await report("pool call", () => pool.apply(call, [failing]));
  await report("pool target", () => pool.apply(failing));
  await report("pool map", () => pool.map(failing as never, [1]));
  await report("pool mail", () => {
    const args = [failing, new SharedArrayBuffer(8)];
    return pool.apply(call as never, args as never);
  });
  console.log("not yet");
  await report("loud", () => start(call, loud));
  await report("pool loud", () => pool.apply(call, [loud]));
  await report("queue", () => start(callNext, queueOf(failing)));
  await report("pool queue", () => pool.apply(callNext, [queueOf(failing)]));
  await report("queue add", () => start(callNext, queueOf(zero)));
  await report("pool queue add", () => pool.apply(callNext, [queueOf(zero)]));
  await report("pool after", () => pool.apply(add, [2]));
}
