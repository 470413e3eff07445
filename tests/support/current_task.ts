// What learns that it was called off.

import { currentTask, expose, getIdent, type Queue, sleep } from "../../mod.ts";

let ended = 0;

/** How many tasks of this worker ended because they were called off. */
export function endedHere(): number {
  return ended;
}

/** Never awaits. */
export function poll(begun: Queue<number>): void {
  begun.putSync(0);
  const { signal } = currentTask();
  while (!signal.aborted);
  ended++;
}

/** Looks for its signal only when that is aborted already. */
export function pollLate(begun: Queue<number>, go: Queue<number>): void {
  begun.putSync(0);
  go.getSync();
  if (currentTask().signal.aborted) ended++;
}

/** Puts the reason's name, as it sees it without awaiting. */
export function throwReason(begun: Queue<number>, names: Queue<string>): void {
  begun.putSync(0);
  const { signal } = currentTask();
  for (;;) {
    try {
      signal.throwIfAborted();
    } catch (error) {
      const { name, message } = error as Error;
      names.putSync(`${name}: ${message} ${error === signal.reason}`);
      ended++;
      return;
    }
  }
}

export async function listen(begun: Queue<number>): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  currentTask().signal.addEventListener("abort", () => resolve());
  await begun.put(0);
  await promise;
  if (currentTask().signal.aborted) ended++;
}

/** Passes its signal on to something of the library's. */
export async function sleepLong(begun: Queue<number>): Promise<void> {
  await begun.put(0);
  try {
    await sleep(3600, { signal: currentTask().signal });
  } finally {
    ended++;
  }
}

/** Doesn't answer. */
export async function ignore(begun: Queue<number>): Promise<void> {
  await begun.put(0);
  await new Promise(() => {});
}

/** Says where it runs, and awaits an item. */
export async function getItem(
  begun: Queue<number>,
  queue: Queue<number>,
): Promise<number> {
  await begun.put(getIdent());
  return await queue.get();
}

/** A chunk's items: none looks at a signal. */
export function busyItem(begun: Queue<number>): void {
  begun.putSync(0);
  const end = performance.now() + 20;
  while (performance.now() < end);
}

export function pollArgument(
  { signal }: { signal: AbortSignal },
  begun: Queue<number>,
): [boolean, string] {
  begun.putSync(0);
  while (!signal.aborted);
  return [signal instanceof AbortSignal, (signal.reason as Error).message];
}

export async function listenArgument(
  signal: AbortSignal,
  begun: Queue<number>,
): Promise<unknown> {
  const { promise, resolve } = Promise.withResolvers<unknown>();
  signal.addEventListener("abort", () => resolve(signal.reason));
  await begun.put(0);
  return signal.aborted ? signal.reason : await promise;
}

export function reasonOf(signal: AbortSignal): unknown {
  return signal.aborted ? signal.reason : "not aborted";
}

/** What it leaves behind looks at its signal. */
let left: AbortSignal | undefined;
export function leave(): boolean {
  left = currentTask().signal;
  return left.aborted;
}
export function wasLeftAborted(): boolean {
  return left!.aborted;
}

/** The same signal in all parts of one task, and in no other's. */
const seen = new Map<AbortSignal, number>();
export async function ownSignal(x: number, ms: number): Promise<boolean> {
  const { signal } = currentTask();
  if (seen.has(signal)) return false;
  seen.set(signal, x);
  for (let i = 0; i < 5; i++) {
    await new Promise((resolve) => setTimeout(resolve, ms));
    if (seen.get(currentTask().signal) !== x) return false;
  }
  return !signal.aborted;
}

expose(import.meta, {
  endedHere,
  getItem,
  poll,
  pollLate,
  throwReason,
  listen,
  sleepLong,
  ignore,
  busyItem,
  pollArgument,
  listenArgument,
  reasonOf,
  leave,
  wasLeftAborted,
  ownSignal,
});
