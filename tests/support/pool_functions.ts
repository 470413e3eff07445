// What the pools of the tests run.

import {
  currentThread,
  Empty,
  expose,
  getIdent,
  Pool,
  Queue,
  sleep,
  sleepSync,
  transfer,
} from "../../mod.ts";

export function square(x: number): number {
  return x * x;
}

export async function squareLater(x: number): Promise<number> {
  await sleep(0.001);
  return x * x;
}

export function describe(text: string, times: number, end = "."): string {
  return text.repeat(times) + end;
}

export function echo<T>(value: T): T {
  return value;
}

export function nothing(): void {}

/** The length of a text, its first and its last characters. */
export function textEnds(text: string): [number, string, string] {
  return [text.length, text.slice(0, 4), text.slice(-4)];
}

/** The first byte of what may be long, and the number beside it. */
export function ends(bytes: Uint8Array, beside: { x: number }): number[] {
  return [bytes[0], beside.x];
}

/** How many arguments it gets: a map passes the item alone. */
export function countArguments(...args: unknown[]): number {
  return args.length;
}

/** Marks its item's place, then says how many are marked before it. */
export function mark(item: [words: Int32Array, index: number]): number {
  Atomics.add(item[0], item[1], 1);
  return item[1];
}

export function callWith(fn: (x: number) => number, x: number): number {
  return fn(x);
}

export function put(queue: Queue<number>, x: number): void {
  queue.putSync(x);
}

/** Says that it has begun, and waits to be told to go on. */
export function wait(begun: Queue<number>, go: Queue<number>): number {
  begun.putSync(getIdent());
  return go.getSync();
}

let queues: { begun: Queue<number>; go: Queue<number> } | undefined;

/** An initializer: queues in arguments would have to be asked for. */
export function keepQueues(begun: Queue<number>, go: Queue<number>): void {
  queues = { begun, go };
}

export function waitKept(): number {
  return wait(queues!.begun, queues!.go);
}

/** What a task does that isn't done at once. */
export type Holdup = "nothing" | "waits" | "computes";

/** Says that it has begun and waits for a go, or computes until there is one. */
export function holdUp(how: Holdup): void {
  if (how === "nothing") return;
  const { begun, go } = queues!;
  begun.putSync(1);
  if (how === "waits") return void go.getSync();
  for (;;) {
    try {
      return void go.getNowait();
    } catch (error) {
      if (!(error instanceof Empty)) throw error;
    }
  }
}

/** A timer throws while the task waits. */
export function strayWhileWaiting(): Promise<never> {
  setTimeout(() => {
    throw new RangeError("stray");
  });
  return new Promise(() => {});
}

/** Leaves something behind that blocks the worker after the task. */
export function blockLater(begun: Queue<number>, go: Queue<number>): void {
  setTimeout(() => wait(begun, go));
}

/** The same, and what it returns can only go by message. */
export function shareAndBlock(
  go: Queue<number> = queues!.go,
): SharedArrayBuffer {
  setTimeout(() => go.getSync());
  return new SharedArrayBuffer(8);
}

/** The first waits to be told to go on. */
export function waitIfFirst(
  item: { index: number; go: Queue<number> },
): number {
  return item.index === 0 ? item.go.getSync() : item.index;
}

/**
 * Is busy until the word isn't 0: nothing else ends it. The library can't tell what
 * blocks by itself from what computes. This leaves the processor to other tests.
 */
export function spin(begun: Queue<number>, until: Int32Array): never {
  begun.putSync(getIdent());
  while (Atomics.load(until, 0) === 0) Atomics.wait(until, 0, 0, 20);
  throw new Error("computed to the end");
}

export function ident(): number {
  return getIdent();
}

export function sleepIdent(seconds: number): number {
  sleepSync(seconds);
  return getIdent();
}

export function closeIf(x: number): number {
  if (x < 0) self.close();
  return x;
}

export function exit(): void {
  Deno.exit(1);
}

export function failFrom(x: number): number {
  if (x >= 10) throw new RangeError(`no ${x}`);
  return x;
}

export function large(bytes: number): Uint8Array {
  return new Uint8Array(bytes).fill(7);
}

export function sum(bytes: Uint8Array): number {
  let total = 0;
  for (const byte of bytes) total += byte;
  return total;
}

let prepared: string | undefined;

export function prepare(text: string, count: Int32Array): void {
  prepared = `${text} ${currentThread().name.replace(/\d+/, "N")}`;
  Atomics.add(count, 0, 1);
}

export async function prepareLater(
  text: string,
  count: Int32Array,
): Promise<void> {
  await sleep(0.01);
  prepare(text, count);
}

export function failToPrepare(count: Int32Array): never {
  Atomics.add(count, 0, 1);
  throw new SyntaxError("not prepared");
}

/** Throws what can't stand where answers do. */
export function failAtLength(length: number): never {
  throw new SyntaxError("x".repeat(length));
}

export function closeInstead(): void {
  self.close();
}

export function getPrepared(): string | undefined {
  return prepared;
}

export function returnUncloneable(): unknown {
  return { fn: () => {} };
}

export function returnSharedWithUnknown(): unknown {
  const unknownFunction = () => 1;
  expose(import.meta, { unknownFunction });
  return { fn: unknownFunction, shared: new SharedArrayBuffer(8) };
}

/** The same for a map, which passes one item. */
export function waitItem(
  item: { begun: Queue<number>; go: Queue<number> },
): number {
  return wait(item.begun, item.go);
}

/** For a map to call a function of several arguments. */
export function spread(
  item: { fn: (...args: unknown[]) => unknown; args: unknown[] },
): unknown {
  return item.fn(...item.args);
}

export async function later<T>(value: T): Promise<T> {
  await sleep(0.05);
  return value;
}

/** Waits to be told to go on, if it can be. */
export function waitOrNot(begun: Queue<number>, go?: Queue<number>): number {
  return go === undefined ? 0 : wait(begun, go);
}

/** Adds the numbers of an item's list, which the item holds. */
export function sumOfAll({ all }: { all: unknown[] }): number {
  return all.reduce((sum: number, item) => sum + (item as { n: number }).n, 0);
}

export function describeNumber(x: number): string {
  return Object.is(x, -0) ? "-0" : String(x);
}

/** Puts an item whose getter puts one. The worker must not have used a queue before. */
export function putInGetter(): unknown[] {
  const [outer, inner] = [new Queue<unknown>(), new Queue<unknown>()];
  outer.putNowait({
    before: "x",
    get called() {
      inner.putNowait("inner");
      return 1;
    },
    after: ["z"],
  });
  return [outer.getNowait(), inner.getNowait()];
}

/** What an array and a list look like here. */
export function lookAt(
  array: Float64Array,
  list: readonly number[],
  ..._others: unknown[]
): number[] {
  return [array.length, array[0], list.length];
}

/** Counts the call, and fails. */
export function countAndFail(count: Int32Array): never {
  Atomics.add(count, 0, 1);
  throw new RangeError("Cannot call function: it fails");
}

/** The error of a block that leaves a call behind which only waits. */
export async function leaveWaiting(): Promise<string> {
  try {
    await using pool = new Pool(1);
    pool.map(never, [1]);
    throw new RangeError("in a thread's block");
  } catch (error) {
    // Unhandled rejections are reported until then.
    await sleep(0.01);
    return (error as Error).message;
  }
}

/** Throws for odd numbers. */
export function failOdd(x: number): number {
  if (x % 2 === 1) throw new RangeError(`odd ${x}`);
  return x;
}

export async function failOddLater(x: number): Promise<number> {
  await sleep(0.001);
  return failOdd(x);
}

/** Throws only for some. */
export function failSometimes(x: number): number | Promise<number> {
  return x % 3 === 0 ? failOddLater(x) : failOdd(x);
}

export function rejectEarly(x: number): Promise<number> {
  return x % 2 === 1
    ? Promise.reject(new RangeError(`odd ${x}`))
    : Promise.resolve(x);
}

/** A promise of another kind: its `then` returns nothing. */
export function failOddForeign(x: number): PromiseLike<number> {
  return {
    then(resolve?: unknown, reject?: unknown) {
      if (x % 2 === 1) (reject as (error: unknown) => void)(Error(`odd ${x}`));
      else (resolve as (value: number) => void)(x);
    },
  } as PromiseLike<number>;
}

/** A result that can't travel, for odd numbers. */
export function returnUncloneableIfOdd(x: number): unknown {
  return x % 2 === 1 ? { deep: [Symbol("odd")] } : x;
}

/** One that is nested too deep, for odd numbers. */
export function nestIfOdd(x: number): unknown {
  let value: unknown = x;
  if (x % 2 === 1) { for (let i = 0; i < 2000; i++) value = [value]; }
  return value;
}

/** Shared memory can't stand in the channel. */
export function share(x: number): Int32Array {
  if (x % 2 === 1) throw new RangeError(`odd ${x}`);
  return new Int32Array(new SharedArrayBuffer(4)).fill(x);
}

let kept: Float64Array<ArrayBuffer> = new Float64Array();

/** Makes numbers, and keeps them. */
export function makeNumbers(
  length: number,
  isMoved: boolean,
): { deep: [Float64Array<ArrayBuffer>] } {
  kept = new Float64Array(length).fill(7);
  return { deep: [isMoved ? transfer(kept, [kept.buffer]) : kept] };
}

/** Makes numbers, and moves them together with what can't be sent. */
export function makeUnsendable(length: number): unknown {
  const { deep } = makeNumbers(length, true);
  return [deep, Symbol()];
}

export function keptLength(): number {
  return kept.length;
}

/** Changes numbers in place, and gives them back. */
export function increment(
  numbers: Float64Array<ArrayBuffer>,
): Float64Array<ArrayBuffer> {
  for (let i = 0; i < numbers.length; i++) numbers[i]++;
  return transfer(numbers, [numbers.buffer]);
}

/** Says what the other end of a port is to hear. */
export function speak(port: MessagePort, text: string): void {
  port.postMessage(text);
}

/** Computes for some milliseconds, and counts itself when it is done. */
export function computeFor(item: [words: Int32Array, ms: number]): void {
  const end = performance.now() + item[1];
  while (performance.now() < end);
  Atomics.add(item[0], 0, 1);
}

/** The same in shared memory that an initializer has given. */
export function keepWords(words: Int32Array): void {
  keptWords = words;
}
let keptWords: Int32Array = new Int32Array(1);

/** Marks its number, and counts itself in word 0. */
export function markKept(number: number): void {
  Atomics.store(keptWords, number, 1);
  computeFor([keptWords, 0.1]);
}

export function computeBriefly(): void {
  computeFor([keptWords, 2]);
}

/** The same, without a turn of the event loop in between. */
export async function computeBrieflyAsync(): Promise<void> {
  await null;
  computeBriefly();
}

export function never(): Promise<never> {
  return new Promise(() => {});
}

let count = 0;

/** Counts its calls here and, if it gets some, in shared memory. */
export function countUp(item: unknown): void {
  count++;
  const [words] = Array.isArray(item) ? item : [item];
  if (words instanceof Int32Array) Atomics.add(words, 0, 1);
}

export function counted(): number {
  return count;
}

/** Says that it has begun, and waits to be told to go on, or to fail. */
export function failOrWait(
  { begun, go, fail }: {
    begun: Queue<number>;
    go?: Queue<number>;
    fail?: Queue<number>;
  },
): number {
  begun.putSync(getIdent());
  fail?.getSync();
  if (fail) throw new SyntaxError("in an item");
  go!.getSync();
  begun.putSync(getIdent());
  return 0;
}

expose(import.meta, {
  leaveWaiting,
  lookAt,
  countAndFail,
  computeFor,
  keepWords,
  markKept,
  computeBriefly,
  computeBrieflyAsync,
  never,
  countUp,
  counted,
  failOrWait,
  strayWhileWaiting,
  blockLater,
  shareAndBlock,
  failAtLength,
  keepQueues,
  waitKept,
  holdUp,
  waitItem,
  spread,
  later,
  waitOrNot,
  failOdd,
  failOddForeign,
  failOddLater,
  failSometimes,
  rejectEarly,
  returnUncloneableIfOdd,
  nestIfOdd,
  share,
  makeNumbers,
  makeUnsendable,
  keptLength,
  increment,
  speak,
  square,
  textEnds,
  squareLater,
  describe,
  echo,
  ends,
  nothing,
  countArguments,
  mark,
  callWith,
  put,
  wait,
  waitIfFirst,
  spin,
  ident,
  sleepIdent,
  closeIf,
  exit,
  failFrom,
  putInGetter,
  sumOfAll,
  describeNumber,
  large,
  sum,
  prepare,
  prepareLater,
  failToPrepare,
  closeInstead,
  getPrepared,
  returnUncloneable,
  returnSharedWithUnknown,
});
