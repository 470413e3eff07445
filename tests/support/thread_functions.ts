// What the threads of the tests run.

import {
  activeCount,
  currentThread,
  enumerate,
  expose,
  getIdent,
  type Gil,
  type Queue,
  sleep,
  sleepSync,
} from "../../mod.ts";
import { SLOT } from "../../lib/thread/handover.ts";

export function add(a: number, b: number): number {
  return a + b;
}

export async function addLater(a: number, b: number): Promise<number> {
  await sleep(0.001);
  return a + b;
}

export function nothing(): void {}

export function echo(value: unknown): unknown {
  return value;
}

/** Says that it has begun, then sleeps. */
export function sleeper(begun: Queue<string>, seconds: number): void {
  begun.putSync("begun");
  sleepSync(seconds);
}

export async function asyncSleeper(
  begun: Queue<string>,
  seconds: number,
): Promise<void> {
  await begun.put("begun");
  await sleep(seconds);
}

export function getter(begun: Queue<string>, queue: Queue<unknown>): unknown {
  begun.putSync("begun");
  return queue.getSync();
}

export async function asyncGetter(
  begun: Queue<string>,
  queue: Queue<unknown>,
): Promise<unknown> {
  await begun.put("begun");
  return await queue.get();
}

export function putter(begun: Queue<string>, queue: Queue<number>): void {
  begun.putSync("begun");
  for (let i = 0;; i++) queue.putSync(i);
}

export function gilTaker(begun: Queue<string>, gil: Gil): void {
  begun.putSync("begun");
  gil.run(() => {});
}

export function gilSleeper(begun: Queue<string>, gil: Gil): void {
  gil.run(() => sleeper(begun, 3600));
}

export async function timerWaiter(begun: Queue<string>): Promise<void> {
  await begun.put("begun");
  await new Promise((resolve) => setTimeout(resolve, 3_600_000));
}

/** Computes until the word isn't 0: nothing else ends it. */
export function spin(begun: Queue<string>, until: Int32Array): string {
  begun.putSync("begun");
  while (Atomics.load(until, 0) === 0);
  return "computed";
}

/** Computes, then lets its worker be interrupted in the middle of its last steps. */
export function spinThenLinger(begun: Queue<string>, words: Int32Array): void {
  spin(begun, words);
  const notify = Atomics.notify as (...args: unknown[]) => number;
  Atomics.notify = (...args: unknown[]) => {
    const woken = notify(...args);
    while (args[1] === SLOT && Atomics.load(words, 1) === 0);
    Atomics.store(words, 2, 1);
    return woken;
  };
}

export interface Seen {
  name: string;
  ident: number;
  isSame: boolean;
  names: string[];
  count: number;
  text: string;
  daemon: boolean;
  isAlive: boolean;
}

export function lookAround(): Seen {
  const me = currentThread();
  return {
    name: me.name,
    ident: getIdent(),
    isSame: me.ident === getIdent(),
    names: enumerate().map((thread) => thread.name),
    count: activeCount(),
    text: String(me),
    daemon: me.daemon,
    isAlive: me.isAlive,
  };
}

export async function joinSelf(): Promise<void> {
  await currentThread().join();
}

export function call(fn: (a: number, b: number) => number): number {
  return fn(20, 3);
}

export function returnFunction(): unknown {
  return { add };
}

/** The main thread doesn't know what only a worker exposes. */
export function returnUnknownFunction(): unknown {
  const lateFunction = () => 1;
  expose(import.meta, { lateFunction });
  return [lateFunction];
}

export function returnUncloneable(): unknown {
  return { inner: () => {} };
}

export function returnWeakMap(): unknown {
  return new WeakMap();
}

export function closeSelf(): void {
  self.close();
}

export function exit(): void {
  Deno.exit(7);
}

export async function closeAfterAwait(): Promise<void> {
  await sleep(0.001);
  self.close();
  await new Promise(() => {});
}

/** Closes the worker when the thread has ended already. */
/** By a signal's clock: a worker with a timer left isn't kept. */
export function closeLater(closing: Int32Array): void {
  AbortSignal.timeout(1).onabort = () => {
    Atomics.store(closing, 0, 1);
    self.close();
  };
}

export function takeMessages(): void {
  Object.assign(self, { onmessage() {} });
}

export function returnShared(length: number): SharedArrayBuffer {
  return new SharedArrayBuffer(length);
}

export function returnText(length: number): string {
  return "x".repeat(length);
}

export function throwShared(length: number): void {
  const shared = new SharedArrayBuffer(length);
  throw Object.assign(new RangeError("shared"), { shared });
}

/** Leaves something behind that keeps the worker busy. */
export function returnSharedBusily(ms: number): SharedArrayBuffer {
  const end = performance.now() + ms;
  queueMicrotask(() => {
    while (performance.now() < end);
  });
  return new SharedArrayBuffer(8);
}

/** Leaves something behind that closes the worker. */
export function returnSharedAndClose(): SharedArrayBuffer {
  queueMicrotask(() => self.close());
  return new SharedArrayBuffer(8);
}

expose(import.meta, {
  add,
  addLater,
  nothing,
  echo,
  sleeper,
  asyncSleeper,
  getter,
  asyncGetter,
  putter,
  gilTaker,
  gilSleeper,
  timerWaiter,
  spin,
  spinThenLinger,
  lookAround,
  joinSelf,
  call,
  returnFunction,
  returnUnknownFunction,
  returnUncloneable,
  returnWeakMap,
  closeSelf,
  exit,
  closeAfterAwait,
  closeLater,
  takeMessages,
  returnShared,
  returnText,
  throwShared,
  returnSharedBusily,
  returnSharedAndClose,
  nap,
  computeAndPut,
});

/** Sleeps for long, by blocking or awaiting. */
export async function nap(how: string): Promise<void> {
  if (how === "sync") sleepSync(3600);
  if (how === "async") await sleep(3600);
  await new Promise((resolve) => setTimeout(resolve, 3_600_000));
}

/** Puts something between two computations, each of so many milliseconds. */
export function computeAndPut(turns: Queue<number>, ms: number): never {
  for (let turn = 0;; turn++) {
    turns.putSync(turn);
    const end = performance.now() + ms;
    while (performance.now() < end);
  }
}
