// Copyright 2026 the lab9 authors. MIT license.

import { checkCallable } from "../checks.ts";
import { currentThreadId } from "../sync/waiters.ts";

/**
 * An object whose properties each thread has for itself. Python's
 * `threading.local`.
 *
 * With an initializer, each thread's `value` begins as what the initializer
 * returns. A thread calls the initializer when it reads `value` for the first time.
 * Without an initializer, `value` is undefined until the thread sets it. A thread
 * never sees the properties of another thread, even if both ran in the same worker.
 *
 * As in Python, other properties may be set, too. A property that was never set is
 * undefined, where Python raises an `AttributeError`: its type has a `?`. A local
 * can't be sent to a thread. Create it at the top level of a module.
 *
 * @example Usage
 * ```ts no-eval
 * import { expose, Local, Thread } from "@lab9/concurrency";
 *
 * const calls = new Local(() => 0);
 *
 * export function countTwice(): number {
 *   calls.value++;
 *   calls.value++;
 *   return calls.value;
 * }
 * expose(import.meta, { countTwice });
 *
 * if (import.meta.main) {
 *   for (const name of ["first", "second"]) {
 *     await using thread = new Thread(countTwice, { name });
 *     thread.start();
 *     console.log(await thread.join()); // 2 2
 *   }
 *   console.log(calls.value); // 0
 * }
 * ```
 *
 * @example Properties, as in Python
 * ```ts no-eval
 * import { expose, Local, Thread } from "@lab9/concurrency";
 *
 * const data = new Local<{ user?: string }>();
 *
 * function greet(): string {
 *   return `Hello ${data.user}!`;
 * }
 * export function handle(user: string): string {
 *   data.user ??= user;
 *   return greet();
 * }
 * expose(import.meta, { handle });
 *
 * if (import.meta.main) {
 *   for (const user of ["Ada", "Grace"]) {
 *     await using thread = new Thread(handle, { args: [user] });
 *     thread.start();
 *     console.log(await thread.join()); // Hello Ada! Hello Grace!
 *   }
 *   console.log(data.user); // undefined
 * }
 * ```
 *
 * @typeParam T The type of the value, or an object type with the properties.
 */
export type Local<T> = [T] extends [object]
  ? "value" extends keyof T ? T : T & { value?: T }
  : { value?: T };

/** The class of {@linkcode Local}. */
export interface LocalConstructor {
  /**
   * Creates an object whose `value` begins anew in each thread.
   *
   * @param initial The initializer: it returns the value that a thread begins with.
   * It is called once in each thread that reads the value.
   * @throws {TypeError} If the initializer is not a function.
   * @typeParam T The type of the value.
   */
  new <T>(initial: () => T): { value: T };
  /**
   * Creates an object that has no properties at first, in any thread.
   *
   * @typeParam T The type of the value, or an object type with the properties.
   */
  new <T = Record<string, unknown>>(): Local<T>;
  /** The prototype of its objects. It has no properties of its own. */
  readonly prototype: object;
}

class ThreadLocal {
  constructor(initial?: () => unknown) {
    if (initial !== undefined) {
      checkCallable("create local", "initial", initial);
    }
    return new Proxy(this, new PerThread(initial));
  }
}

/**
 * Keeps the properties of the running thread. A worker runs one thread after
 * another, so those of one thread are enough.
 */
class PerThread implements ProxyHandler<ThreadLocal> {
  /** The id of the thread whose properties these are. */
  #thread = 0;
  #properties: object = {};
  /** The initializer, until the thread has a value. */
  #initial: (() => unknown) | undefined;
  readonly #initializer: (() => unknown) | undefined;

  constructor(initializer: (() => unknown) | undefined) {
    this.#initializer = initializer;
  }

  /** The properties of the running thread. Those of an earlier one are dropped. */
  #own(): object {
    const thread = currentThreadId();
    if (thread !== this.#thread) {
      this.#thread = thread;
      this.#properties = Object.create(ThreadLocal.prototype);
      this.#initial = this.#initializer;
    }
    return this.#properties;
  }

  /** The same. If `value` is read, it is initialized first. */
  #initialized(key: PropertyKey): object {
    const own = this.#own();
    const initial = this.#initial;
    if (key !== "value" || initial === undefined) return own;
    const value = initial();
    this.#initial = undefined;
    return Object.assign(own, { value });
  }

  get(_: ThreadLocal, key: PropertyKey): unknown {
    return Reflect.get(this.#initialized(key), key);
  }

  set(_: ThreadLocal, key: PropertyKey, value: unknown): boolean {
    const own = this.#own();
    if (key === "value") this.#initial = undefined;
    return Reflect.set(own, key, value);
  }

  has(_: ThreadLocal, key: PropertyKey): boolean {
    return Reflect.has(this.#initialized(key), key);
  }

  deleteProperty(_: ThreadLocal, key: PropertyKey): boolean {
    return Reflect.deleteProperty(this.#initialized(key), key);
  }

  ownKeys(): (string | symbol)[] {
    return Reflect.ownKeys(this.#initialized("value"));
  }

  getOwnPropertyDescriptor(
    _: ThreadLocal,
    key: PropertyKey,
  ): PropertyDescriptor | undefined {
    return Reflect.getOwnPropertyDescriptor(this.#initialized(key), key);
  }

  defineProperty(
    _: ThreadLocal,
    key: PropertyKey,
    descriptor: PropertyDescriptor,
  ): boolean {
    return Reflect.defineProperty(this.#initialized(key), key, descriptor);
  }

  /** A local can't be frozen: later threads set properties of their own. */
  preventExtensions(): boolean {
    return false;
  }
}
Object.defineProperty(ThreadLocal, "name", { value: "Local" });

/** An object whose properties each thread has for itself. */
export const Local: LocalConstructor =
  ThreadLocal as unknown as LocalConstructor;
