// What threads run that start threads and pools.

import {
  currentThread,
  enumerate,
  expose,
  Pool,
  Queue,
  sleepSync,
  Thread,
  type WorkerPermissions,
} from "../../mod.ts";

export function square(x: number): number {
  return x * x;
}

export function fail(): never {
  throw new RangeError("no such number");
}

export function nap(): void {
  sleepSync(3600);
}

export function spin(begun: Queue<number>): never {
  begun.putSync(0);
  for (;;);
}

export function double(bytes: Uint8Array): Uint8Array {
  return new Uint8Array(bytes.length * 2);
}

/** Sends the main thread what the library never would, by the library's port. */
export async function sendNonsense(): Promise<number> {
  let line: MessagePort | undefined;
  const { postMessage } = MessagePort.prototype;
  MessagePort.prototype.postMessage = function (...args: unknown[]) {
    line = this;
    return Reflect.apply(postMessage, this, args);
  };
  await squareInThread(1);
  const starts = { target: {}, args: 7, name: {}, permissions: "inherit" };
  const nonsense = [
    null,
    7,
    {},
    { ask: 7, number: 1 },
    { ask: null },
    { ask: {}, number: {} },
    { ask: { fetches: {} } },
    { ask: { starts: null } },
    { ask: { starts } },
    { ask: { does: "settle", of: {} } },
    { ask: { does: "no such thing", of: 1 } },
    { leaves: 7 },
    { leaves: [7, null] },
    { takesBack: 7 },
    { leaves: [[]], takesBack: [{}] },
  ];
  for (const item of nonsense) line!.postMessage(new Map([["message", item]]));
  line!.postMessage(7);
  return await squareInThread(7);
}

export function nameOfThis(): string {
  return currentThread().name;
}

export function tryToRead(): string {
  try {
    Deno.readTextFileSync(new URL("./starts.ts", import.meta.url));
    return "read";
  } catch (error) {
    return (error as Error).name;
  }
}

/** Starts a thread, by its name. */
function started<A extends unknown[], R>(
  fn: (...args: A) => R,
  args: NoInfer<A>,
): Thread<(...args: A) => R> {
  const thread = new Thread(fn, { args } as never) as Thread<
    (...args: A) => R
  >;
  thread.start();
  return thread;
}

export async function squareInThread(x: number): Promise<number> {
  return await started(square, [x]).join();
}

export function squareInThreadSync(x: number): number {
  return started(square, [x]).joinSync();
}

export async function nested(depth: number): Promise<number> {
  return depth === 0 ? 0 : 1 + await started(nested, [depth - 1]).join();
}

/** What a thread of a thread has thrown: its class, message and stack. */
export async function failInThread(): Promise<[boolean, string, boolean]> {
  const thread = started(fail, []);
  const error = await thread.join().catch((error) => error);
  return [
    error instanceof RangeError,
    error.message,
    error.cause.message.includes("at fail ("),
  ];
}

export function relay(queue: Queue<unknown>): void {
  const memory = queue.getSync() as SharedArrayBuffer;
  queue.putSync(new Queue<number>());
  queue.putSync(memory.byteLength);
}

/** Its own queue, with memory in it from before another thread had it. */
export function shareQueue(): [boolean, unknown] {
  const queue = new Queue<unknown>();
  queue.putSync(new SharedArrayBuffer(24));
  started(relay, [queue]).joinSync();
  return [queue.getSync() instanceof Queue, queue.getSync()];
}

export async function joinLate(): Promise<unknown[]> {
  const thread = started(nap, []);
  const asked = await thread.join({ timeout: 0.01 })
    .catch((error) => error.name);
  let blocked: unknown;
  try {
    thread.joinSync(0.01);
  } catch (error) {
    blocked = (error as Error).name;
  }
  await thread.terminate();
  const last = await thread.join().catch((error) => error.name);
  return [asked, blocked, thread.isAlive, last];
}

export async function usePool(workers: number): Promise<unknown[]> {
  await using pool = new Pool(workers);
  const squares = await pool.map(square, [1, 2, 3]);
  const one = await pool.apply(square, [12]);
  const listed: number[] = [];
  for await (const x of pool.imap(square, [4, 5])) listed.push(x);
  const large = await pool.apply(double, [new Uint8Array(300_000)]);
  const error = await pool.apply(fail).catch((error) => error);
  const isRange = error instanceof RangeError;
  return [squares, one, listed, large.length, isRange, pool.workers];
}

/** A pool whose task computes, or waits, for ever. */
export async function endTask(how: "spin" | "nap"): Promise<string> {
  const pool = new Pool(1);
  const begun = new Queue<number>();
  const task = how === "spin"
    ? pool.apply(spin, [begun]).catch((error) => error.name)
    : pool.apply(nap, [], { timeout: 0.05 }).catch((error) => error.name);
  if (how === "spin") await begun.get();
  else await task;
  await pool.terminate();
  return await task;
}

export async function leavePool(): Promise<void> {
  const pool = new Pool(2);
  await pool.ready();
  pool.apply(nap).catch(() => {});
}

export function passOn(from: Queue<string>, to: Queue<string>): void {
  to.putSync(from.getSync());
}

export function leaveThread(from: Queue<string>, to: Queue<string>): void {
  new Thread(passOn, { args: [from, to], name: "left" }).start();
}

export async function closeWithThread(
  from: Queue<string>,
  to: Queue<string>,
): Promise<void> {
  await new Thread(passOn, { args: [from, to], name: "left" }).start();
  self.close();
}

export function outliveMain(): void {
  enumerate()[0].joinSync();
  console.log("late");
}

export function leaveOutliving(): void {
  new Thread(outliveMain).start();
}

export async function leaveFailing(): Promise<void> {
  await new Thread(fail, { name: "left" }).start();
}

/** Reads a file in a thread or a pool that is given so much. */
export async function readWith(
  permissions: WorkerPermissions,
  inPool: boolean,
): Promise<string> {
  try {
    if (inPool) {
      await using pool = new Pool(1, { permissions });
      return await pool.apply(tryToRead);
    }
    const thread = new Thread(tryToRead, { permissions });
    thread.start();
    return await thread.join();
  } catch (error) {
    return `${(error as Error).name}: ${(error as Error).message}`;
  }
}

export async function namesOfThreads(): Promise<string[]> {
  return [
    currentThread().name,
    await started(nameOfThis, []).join(),
    await started(nameOfThis, []).join(),
  ];
}

expose(import.meta, {
  square,
  fail,
  nap,
  spin,
  double,
  sendNonsense,
  nameOfThis,
  tryToRead,
  squareInThread,
  squareInThreadSync,
  nested,
  failInThread,
  relay,
  shareQueue,
  joinLate,
  usePool,
  endTask,
  leavePool,
  passOn,
  leaveThread,
  closeWithThread,
  outliveMain,
  leaveOutliving,
  leaveFailing,
  readWith,
  namesOfThreads,
});

// As a program: what it leaves goes on, or is told, when its thread has ended.
if (import.meta.main) {
  const daemon = Deno.args[0] !== "fails";
  const fn = daemon ? leaveOutliving : leaveFailing;
  const thread = new Thread<() => unknown>(fn, { daemon });
  thread.start();
  await thread.join();
}
