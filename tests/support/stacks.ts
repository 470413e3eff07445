// What throws in another thread, for a look at the stack.

import { expose } from "../../mod.ts";

function fail(): never {
  throw new RangeError("deep");
}

/** Has the name of a function of the library's. */
export function runTask(): number {
  return fail();
}

export async function failLater(): Promise<number> {
  await Promise.resolve();
  return runTask();
}

export async function failInAwaited(): Promise<number> {
  return await failLater();
}

export function* generate(): Generator<number> {
  yield runTask();
}

export async function* generateLater(): AsyncGenerator<number> {
  yield await failLater();
}

expose(import.meta, {
  runTask,
  failLater,
  failInAwaited,
  generate,
  generateLater,
});
