// Copyright 2026 the lab9 authors. MIT license.

/**
 * Replaces what a thread can see of other threads and of time: `Atomics`, clocks,
 * timers and random numbers. It runs in a worker before any other module does,
 * the library's included. While no schedule runs here, everything is as it was.
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

/** What a step of a traced schedule was. */
export interface TracedStep {
  /** The number of its decision. */
  index: number;
  /** For example `Atomics.load`. */
  operation: string;
  /** What it read, or wrote. */
  value: string;
  stack: string;
  /** Whether the thread's function had ended. */
  isAfter: boolean;
}

/** A wait that isn't blocked on: `Atomics.waitAsync`, or a timer. */
interface Pending {
  wait: number;
  run: (isWoken: boolean) => void;
}

type Words = Int32Array<SharedArrayBuffer>;
type Operation = (view: Words, index: number, ...rest: number[]) => number;

/** The memory of timers, which nobody notifies. */
const TIMERS = -1;
/** Memory that threads have made gets numbers from here on, so many for each. */
const OWN_MEMORY = 1 << 16;
const OWN_MEMORIES = 1 << 12;
/** A thread that reads so often and writes nothing waits for somebody. */
const MOST_READS = 16;
/** So many pauses in a row are one step. */
const MOST_PAUSES = 64;
/** The bytes of the library's table in which its mutexes are. */
const MUTEX_BYTES = 128;
/** When the clock begins. */
const EPOCH = Date.UTC(2026, 0, 1);
const MOST_MS = 2 ** 31 - 1;

/** This module; in a bundle, the bundle. */
export const instrumentUrl: string = import.meta.url;
/**
 * Set by a worker's first module in a worker that explores, and then the platform's
 * `Atomics`: for what isn't to be a step, such as the output in a browser.
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
/** What stands in for an array in a thread's arguments, and the array. */
const originals = new WeakMap<object, Words>();

if (explores) install();

/** What a schedule is to be like for a thread. */
export interface ScheduleOptions {
  /** Whether the steps are told one by one. */
  isTraced: boolean;
  /** Of `Math.random()`. */
  seed: number;
  /** In seconds. */
  longestTimeout: number;
}

/** A schedule begins here. */
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
 * The schedule is over here; its steps, if they were traced. What goes on all the
 * same must not wait: neither for threads that have no turn, nor until another
 * schedule runs here.
 */
export function deactivate(): TracedStep[] {
  board = undefined;
  isOver = true;
  return trace ?? [];
}

/** The thread's function has ended. */
export function noteAfter(): void {
  isAfter = true;
}

/** Whether a schedule runs here. */
export function isActive(): boolean {
  return board !== undefined;
}

/** Whether it has failed, and the thread is made to end. */
export function isUnwinding(): boolean {
  return board?.isUnwinding ?? isOver;
}

/** Whether anything still waited when the schedule was over; it waits no more. */
export function releasePending(): boolean {
  const left = pending.splice(0).filter((one) => !timers.has(one));
  for (const { run } of left) run(true);
  return left.length > 0;
}

/**
 * Blocks until something comes that the thread awaits, and lets it come.
 *
 * @throws {Unwound} If nothing will.
 */
export function settleNext(): void {
  const on = board!;
  if (!pending.some(({ wait }) => on.isOver(wait))) on.block();
  const over = pending.filter(({ wait }) => on.isOver(wait));
  pending = pending.filter((one) => !over.includes(one));
  for (const { wait, run } of over) run(on.leave(wait));
}

/** Lets the thread know of what is sent to it, at its turns. */
export function awaitMail(): void {
  if (board === undefined) return;
  pending.push({ wait: board.enterInbox(), run: awaitMail });
}

/**
 * Has the explorer, in place of the main thread, answer what was sent to it.
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

/** Numbers memory that came from another thread as that does. */
export function learnMemory(
  known: Iterable<[ArrayBufferLike, number]>,
): void {
  for (const [buffer, memory] of known) memories.set(buffer, memory);
}

/** The number of memory, the same in all threads. */
export function memoryOf(buffer: ArrayBufferLike): number {
  let memory = memories.get(buffer);
  if (memory === undefined) memories.set(buffer, memory = ownMemory++);
  return memory;
}

/** Has a step happen: the others may go first. */
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

/** Whether the operation is one between threads, now. */
function isWatched(view: Words): boolean {
  return board !== undefined && ArrayBuffer.isView(view) &&
    view.buffer instanceof SharedArrayBuffer;
}

function original(view: Words): Words {
  return originals.get(view) ?? view;
}

/** Begins a wait unless the value has changed; undefined then. */
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

/** A time on the schedule's clock; a timeout that is too long never passes. */
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

/** Of all that threads tell each other by. */
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
        // A mutex of the library's tables is released soon: they outlive this.
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

/** Time, and what comes from outside. */
function replaceClocks(): void {
  const now = performance.now.bind(performance);
  const dateNow = Date.now;
  const mathRandom = Math.random;
  replace(performance, "now", () => {
    // What is left of a schedule waits for no time.
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
  // A thread that spins for a time learns from schedule to schedule how long.
  replace(navigator, "hardwareConcurrency", 1);

  // The worker runs the next schedule, too, whatever this one has left behind.
  replace(globalThis, "close", () => {
    if (board !== undefined) throw new Closed();
  });
}

/** Timers wait on the schedule's clock. */
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

/** A pool that nobody has closed is closed at no step of a schedule. */
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
 * What stands in for a shared array can't be cloned: the array is. Its memory is
 * the same as before.
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

/** Before any other module runs: what it keeps of the platform is replaced. */
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

/** The value, with each shared array in plain data replaced by a watched one. */
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
 * An array like the given one, whose elements can't be read or written without a
 * step: what isn't atomic can be lost between the two.
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

/** The index that a property's key is; -1 if it is none of the array's. */
function indexOf(key: string | symbol, { length }: Words): number {
  const index = typeof key === "string" ? Number(key) : NaN;
  return Number.isInteger(index) && index >= 0 && index < length ? index : -1;
}

/** What an array stands in for, if the value is one that does. */
export function originalOf(value: unknown): unknown {
  return originals.get(value as Words) ?? value;
}

/** The value, with the arrays themselves where others stand in for them. */
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
