// Copyright 2026 the lab9 authors. MIT license.

/**
 * Replaces everything by which a thread sees other threads and time: `Atomics`, clocks,
 * timers and random numbers. In a worker it runs before all other modules, also those of
 * the library. While no schedule runs here, everything works as before.
 *
 * @module
 */

import {
  Access,
  type Board,
  Closed,
  LINE,
  real,
  Unwound,
  WAITER_TABLE,
} from "./board.ts";
import { findMemory } from "./memories.ts";

/** A step of a traced schedule. */
export interface TracedStep {
  /** The number of its decision. */
  index: number;
  /** For example `Atomics.load`. */
  operation: string;
  /** The value that was read or written. */
  value: string;
  stack: string;
  /** Whether the thread's function had ended. */
  isAfter: boolean;
}

/** A wait that doesn't block: `Atomics.waitAsync`, or a timer. */
interface Pending {
  wait: number;
  run: (isWoken: boolean) => void;
}

type Words = Int32Array<SharedArrayBuffer>;
type Operation = (view: Words, index: number, ...rest: number[]) => number;

/** The memory number of timers. No thread notifies it. */
const TIMERS = -1;
/** The first number of memory that threads have made. */
const OWN_MEMORY = 1 << 16;
/** How many such numbers each thread has. */
const OWN_MEMORIES = 1 << 12;
/** A thread that has read more often, without a write, waits for another thread. */
const MOST_READS = 16;
/** How many pauses in a row are one step. */
const MOST_PAUSES = 64;
/** The mutexes of the library's table are in its first bytes. */
const MUTEX_BYTES = 128;
/** The time at which a schedule's clock begins. */
const EPOCH = Date.UTC(2026, 0, 1);
const MOST_MS = 2 ** 31 - 1;

/** This module; in a bundle, the bundle. */
export const instrumentUrl: string = import.meta.url;
/**
 * The key of a global property. A worker's first module sets it if the worker explores. Then
 * it holds the platform's `Atomics`, for operations that must be no steps, such as the
 * output in a browser.
 */
export const EXPLORES = "lab9.explores";
/** Whether this is such a worker. */
export const explores: boolean =
  Reflect.get(globalThis, Symbol.for(EXPLORES)) === true;

let board: Board | undefined;
let memories = new WeakMap<ArrayBufferLike, number>();
let ownMemory = 0;
let trace: TracedStep[] | undefined;
/** Whether the thread's function has ended. */
let isAfter = false;
let pending: Pending[] = [];
let timersById = new Map<number, Pending>();
let timers = new WeakSet<Pending>();
let lastTimer = 0;
let reads = 0;
let lastPlace = "";
let pauses = 0;
let random = 1;
/** A wait with a longer timeout waits until it is woken. */
let longestMs = Infinity;
/** Whether a schedule is over, and the next one hasn't begun. */
let isOver = false;
/** The proxies of the arrays in a thread's arguments, and the arrays. */
const originals = new WeakMap<object, Words>();

if (explores) install();

/** Options of a schedule, for a thread. */
export interface ScheduleOptions {
  /** Whether the steps are recorded. */
  isTraced: boolean;
  /** The seed of `Math.random()`. */
  seed: number;
  /** In seconds. */
  longestTimeout: number;
}

/** Begins a schedule here. */
export function activate(
  on: Board,
  known: Iterable<[ArrayBufferLike, number]>,
  { isTraced, seed, longestTimeout }: ScheduleOptions,
): void {
  memories = new WeakMap(known);
  ownMemory = OWN_MEMORY + on.me * OWN_MEMORIES;
  trace = isTraced ? [] : undefined;
  pending = [];
  timersById = new Map();
  timers = new WeakSet();
  lastTimer = reads = pauses = 0;
  lastPlace = "";
  random = seed | 1;
  longestMs = longestTimeout * 1000;
  isOver = isAfter = false;
  board = on;
}

/**
 * Ends the schedule here. From now on, waits throw: they must last neither for threads that
 * have no turn, nor until another schedule runs here.
 *
 * @returns The steps, if they were traced.
 */
export function deactivate(): TracedStep[] {
  board = undefined;
  isOver = true;
  return trace ?? [];
}

/** Notes that the thread's function has ended. */
export function noteAfter(): void {
  isAfter = true;
}

/** Whether a schedule runs here. */
export function isActive(): boolean {
  return board !== undefined;
}

/** Whether the schedule has failed or is over, so that the thread has to end. */
export function isUnwinding(): boolean {
  return board?.isUnwinding ?? isOver;
}

/** Ends the waits that are left when the schedule is over; false if there were none. */
export function releasePending(): boolean {
  const left = pending.splice(0).filter((one) => !timers.has(one));
  for (const { run } of left) run(true);
  return left.length > 0;
}

/**
 * Blocks until a wait of the thread is over, and resolves it.
 *
 * @throws {Unwound} If the schedule has failed.
 */
export function settleNext(): void {
  const on = board!;
  if (!pending.some(({ wait }) => on.isOver(wait))) on.block();
  const over = pending.filter(({ wait }) => on.isOver(wait));
  pending = pending.filter((one) => !over.includes(one));
  for (const { wait, run } of over) run(on.leave(wait));
}

/** Makes the thread await letters, also while it awaits something else. */
export function awaitMail(): void {
  if (board === undefined) return;
  pending.push({ wait: board.enterInbox(), run: awaitMail });
}

/**
 * Lets the explorer, in place of the main thread, answer a request.
 *
 * @throws {Unwound} If the schedule is over.
 */
export function callExplorer(): void {
  if (board === undefined) throw new Unwound();
  const number = board.step(Access.WRITE, LINE, 0, false);
  reads = 0;
  if (trace !== undefined) note(number, "message", "");
  board.ask();
}

/** Learns the numbers of memory that came from another thread. */
export function learnMemory(
  known: Iterable<[ArrayBufferLike, number]>,
): void {
  for (const [buffer, memory] of known) memories.set(buffer, memory);
}

/** The number of memory, which is the same in all threads. */
export function memoryOf(buffer: ArrayBufferLike): number {
  let memory = memories.get(buffer);
  if (memory === undefined) memories.set(buffer, memory = ownMemory++);
  return memory;
}

/** Makes a step. Other threads may go first. */
function step(
  operation: string,
  access: Access,
  view: Words,
  index: number,
  act: () => number,
): number {
  const memory = memoryOf(view.buffer);
  const place = view.byteOffset + index * view.BYTES_PER_ELEMENT;
  const key = `${operation} ${memory} ${place}`;
  const yields = reads > 0 && (key === lastPlace || reads > MOST_READS);
  const number = board!.step(access, memory, place, yields);
  const before = access === Access.WRITE ? view[index] : 0;
  const result = act();
  const value = view[index];
  board!.see(memory, place, Number(result) ^ Number(value));
  const isChange = access === Access.WRITE && value !== before;
  reads = isChange ? 0 : reads + 1;
  if (isChange) board!.change();
  lastPlace = key;
  pauses = 0;
  if (trace !== undefined) note(number, operation, `${value}`);
  return result;
}

function note(index: number, operation: string, value: string): void {
  if (index < 0) return;
  const { stackTraceLimit } = Error;
  Error.stackTraceLimit = 40;
  const { stack } = new Error();
  trace!.push({ index, operation, value, stack: `${stack}`, isAfter });
  Error.stackTraceLimit = stackTraceLimit;
}

/** Whether an operation on the view is a step, because the memory is shared. */
function isWatched(view: Words): boolean {
  return board !== undefined && ArrayBuffer.isView(view) &&
    view.buffer instanceof SharedArrayBuffer;
}

function original(view: Words): Words {
  return originals.get(view) ?? view;
}

/** Begins a wait. It returns the wait's number; undefined if the value has changed. */
function enter(
  operation: string,
  view: Words,
  index: number,
  value: number,
  timeout: number,
): number | undefined {
  const memory = memoryOf(view.buffer);
  const place = view.byteOffset + index * view.BYTES_PER_ELEMENT;
  const number = board!.step(Access.READ, memory, place, false);
  reads = 0;
  if (trace !== undefined) note(number, operation, `${view[index]}`);
  board!.see(memory, place, Number(view[index]));
  if (real.load(view, index) !== value) return undefined;
  return board!.enter(memory, place, deadlineAfter(timeout));
}

/** A deadline on the schedule's clock. It is Infinity if the timeout is too long. */
function deadlineAfter(timeout: number): number {
  const passes = timeout < Infinity && timeout <= longestMs;
  return passes ? board!.time + Math.max(0, timeout) : Infinity;
}

type Callback = (...args: unknown[]) => void;

function arm(
  id: number,
  run: Callback,
  ms: number,
  args: unknown[],
  repeats: boolean,
): void {
  const timer: Pending = {
    wait: board!.enter(TIMERS, id, deadlineAfter(ms)),
    run: () => {
      timersById.delete(id);
      if (repeats) arm(id, run, ms, args, true);
      run(...args);
    },
  };
  timersById.set(id, timer);
  timers.add(timer);
  pending.push(timer);
}

/** Replaces the operations by which threads communicate. */
function replaceAtomics(): void {
  for (
    const name of [
      "add",
      "and",
      "compareExchange",
      "exchange",
      "load",
      "or",
      "store",
      "sub",
      "xor",
    ] as const
  ) {
    const operation = real[name] as Operation;
    const access = name === "load" ? Access.READ : Access.WRITE;
    replace(Atomics, name, (view: Words, index: number, ...rest: number[]) => {
      view = original(view);
      if (!isWatched(view)) return operation(view, index, ...rest);
      return step(
        `Atomics.${name}`,
        access,
        view,
        index,
        () => operation(view, index, ...rest),
      );
    });
  }

  replace(Atomics, "pause", (times?: number) => {
    if (board === undefined) return real.pause(times);
    if (pauses++ % MOST_PAUSES !== 0) return;
    const number = board.step(Access.NONE, TIMERS, 0, true);
    reads = 0;
    if (trace !== undefined) note(number, "Atomics.pause", "");
  });

  replace(Atomics, "notify", (view: Words, index: number, count = Infinity) => {
    view = original(view);
    if (!isWatched(view)) return real.notify(view, index, count);
    const memory = memoryOf(view.buffer);
    const place = view.byteOffset + index * view.BYTES_PER_ELEMENT;
    const number = board!.step(Access.WRITE, memory, place, false);
    const woken = board!.notify(memory, place, count);
    board!.see(memory, place, woken);
    reads = 0;
    if (trace !== undefined) note(number, "Atomics.notify", `${woken} woken`);
    return woken;
  });

  replace(
    Atomics,
    "wait",
    (view: Words, index: number, value: number, timeout = Infinity) => {
      view = original(view);
      if (isOver) throw new Unwound();
      if (!isWatched(view)) return real.wait(view, index, value, timeout);
      if (board!.isUnwinding) {
        const place = view.byteOffset + index * view.BYTES_PER_ELEMENT;
        // A mutex of the library's tables has to be released, because these are used on.
        if (memoryOf(view.buffer) !== WAITER_TABLE || place >= MUTEX_BYTES) {
          throw new Unwound();
        }
        board!.makeWay();
        return "ok";
      }
      const wait = enter("Atomics.wait", view, index, value, timeout);
      if (wait === undefined) return "not-equal";
      board!.block();
      return board!.leave(wait) ? "ok" : "timed-out";
    },
  );

  replace(
    Atomics,
    "waitAsync",
    (view: Words, index: number, value: number, timeout = Infinity) => {
      view = original(view);
      if (isOver) throw new Unwound();
      if (!isWatched(view)) return real.waitAsync(view, index, value, timeout);
      const wait = enter("Atomics.waitAsync", view, index, value, timeout);
      if (wait === undefined) return { async: false, value: "not-equal" };
      const { promise, resolve } = Promise.withResolvers<string>();
      pending.push({
        wait,
        run: (woken) => resolve(woken ? "ok" : "timed-out"),
      });
      return { async: true, value: promise };
    },
  );
}

/** Replaces clocks, random numbers, and other input from outside. */
function replaceClocks(): void {
  const now = performance.now.bind(performance);
  const dateNow = Date.now;
  const mathRandom = Math.random;
  replace(performance, "now", () => {
    // After a schedule all deadlines have passed, so that nothing waits.
    return board === undefined ? isOver ? Infinity : now() : board.time;
  });
  replace(
    Date,
    "now",
    () => board === undefined ? dateNow() : EPOCH + Math.floor(board.time),
  );
  replace(Math, "random", () => {
    if (board === undefined) return mathRandom();
    random ^= random << 13;
    random ^= random >>> 17;
    random ^= random << 5;
    return (random >>> 0) / 2 ** 32;
  });
  // With one processor the library doesn't spin. Otherwise it would learn from schedule to
  // schedule how long to spin.
  replace(navigator, "hardwareConcurrency", 1);

  // The worker isn't closed, because it runs the next schedule.
  replace(globalThis, "close", () => {
    if (board !== undefined) throw new Closed();
  });
}

/** Replaces timers by timers on the schedule's clock. */
function replaceTimers(): void {
  for (const name of ["setTimeout", "setInterval"] as const) {
    const start = globalThis[name] as unknown as (
      ...args: unknown[]
    ) => number;
    replace(globalThis, name, (run: Callback, ms = 0, ...args: unknown[]) => {
      if (board === undefined) return start(run, ms, ...args);
      const id = ++lastTimer;
      arm(id, run, Math.min(MOST_MS, +ms || 0), args, name === "setInterval");
      return id;
    });
  }

  for (const name of ["clearTimeout", "clearInterval"] as const) {
    const clear = globalThis[name];
    replace(globalThis, name, (id?: number) => {
      const timer = timersById.get(id!);
      if (board === undefined || timer === undefined) return clear(id);
      timersById.delete(id!);
      pending = pending.filter((one) => one !== timer);
      board.leave(timer.wait);
    });
  }
}

/** Replaces registries, so that garbage collection does nothing during a schedule. */
function replaceFinalizers(): void {
  replace(
    globalThis,
    "FinalizationRegistry",
    class {
      register(): void {}
      unregister(): boolean {
        return false;
      }
    },
  );
}

/**
 * Replaces `structuredClone`. The proxy of a shared array can't be cloned, so the array is
 * cloned. The copy has the same memory.
 */
function replaceCloning(): void {
  const clone = globalThis.structuredClone;
  replace(
    globalThis,
    "structuredClone",
    (value: unknown, options?: StructuredSerializeOptions) => {
      if (board === undefined) return clone(value, options);
      const plain = unwatched(value);
      const memories = new Map<SharedArrayBuffer, number>();
      findMemory(plain, memories, memoryOf);
      const copy = clone({ plain, memories: [...memories] }, options);
      learnMemory(copy.memories);
      return copy.plain;
    },
  );
}

/** Replaces the platform's functions, before any other module can keep them. */
function install(): void {
  Reflect.set(globalThis, Symbol.for(EXPLORES), real);
  replaceAtomics();
  replaceClocks();
  replaceTimers();
  replaceFinalizers();
  replaceCloning();
}

function replace(target: object, name: string, value: unknown): void {
  Object.defineProperty(target, name, {
    value,
    writable: true,
    configurable: true,
  });
}

/** Replaces each shared array in plain data by a proxy that watches it. */
export function watchArrays(value: unknown, seen = new Map()): unknown {
  if (typeof value !== "object" || value === null) return value;
  if (seen.has(value)) return seen.get(value);
  if (ArrayBuffer.isView(value)) {
    const isShared = value.buffer instanceof SharedArrayBuffer &&
      !(value instanceof DataView);
    const watched = isShared ? watchArray(value as Words) : value;
    seen.set(value, watched);
    return watched;
  }
  seen.set(value, value);
  const prototype = Object.getPrototypeOf(value);
  if (!Array.isArray(value) && prototype !== Object.prototype) return value;
  for (const [key, inner] of Object.entries(value)) {
    Reflect.set(value, key, watchArrays(inner, seen));
  }
  return value;
}

/**
 * A proxy of an array. Each read or write of an element is a step, so that another thread
 * may come between a read and a write.
 */
function watchArray(array: Words): Words {
  const watched = new Proxy(array, {
    get(target, key) {
      const index = indexOf(key, target);
      if (index >= 0 && board !== undefined) {
        return step("read", Access.READ, target, index, () => target[index]);
      }
      const value = Reflect.get(target, key, target);
      return typeof value === "function" && key !== "constructor"
        ? value.bind(target)
        : value;
    },
    set(target, key, value) {
      const index = indexOf(key, target);
      if (index < 0 || board === undefined) {
        return Reflect.set(target, key, value, target);
      }
      step("write", Access.WRITE, target, index, () => target[index] = value);
      return true;
    },
  });
  originals.set(watched, array);
  return watched;
}

/** The index in the array that a property's key stands for; -1 if it is no index. */
function indexOf(key: string | symbol, { length }: Words): number {
  const index = typeof key === "string" ? Number(key) : NaN;
  return Number.isInteger(index) && index >= 0 && index < length ? index : -1;
}

/** The array of a proxy; other values are returned as they are. */
export function originalOf(value: unknown): unknown {
  return originals.get(value as Words) ?? value;
}

/** Replaces each proxy in plain data by its array. */
export function unwatched(value: unknown, seen = new Map()): unknown {
  if (typeof value !== "object" || value === null) return value;
  const array = originals.get(value);
  if (array !== undefined) return array;
  if (seen.has(value)) return seen.get(value);
  seen.set(value, value);
  if (value instanceof Map) {
    const entries = [...value];
    const others = entries.map((entry) =>
      entry.map((one) => unwatched(one, seen))
    );
    const isSame = others.every((entry, i) =>
      entry.every((one, j) => one === entries[i][j])
    );
    return isSame ? value : new Map(others as [unknown, unknown][]);
  }
  const isList = Array.isArray(value);
  if (!isList && Object.getPrototypeOf(value) !== Object.prototype) {
    return value;
  }
  let copy: object | undefined;
  for (const [key, inner] of Object.entries(value)) {
    const other = unwatched(inner, seen);
    if (other === inner) continue;
    copy ??= isList ? [...value] : { ...value };
    Reflect.set(copy, key, other);
  }
  if (copy !== undefined) seen.set(value, copy);
  return copy ?? value;
}
