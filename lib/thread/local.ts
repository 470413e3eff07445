// Copyright 2026 the lab9 authors. MIT license.

import { checkCallable } from "../checks.ts";
import { currentThreadId } from "../sync/waiters.ts";

/**
 * What each thread has for itself. Python's `threading.local`.
 *
 * With an initializer its `value` is, in each thread, what that returns: it is
 * called in a thread that reads `value` for the first time. Without one `value`
 * is undefined until the thread sets it. A thread has nothing of another's, on a
 * worker that has run another thread before as well.
 *
 * As in Python, other properties may be set, too. Where Python throws for one
 * that isn't there, this gives undefined: what may be missing has a `?` in the
 * type. A local can't be passed to a thread; a module's top level is the place
 * for it.
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
 * @typeParam T The type of the value; or, where that is an object, of the
 * properties.
 */
export type Local<T> = [T] extends [object]
  ? "value" extends keyof T ? T : T & { value?: T }
  : { value?: T };

/** The class of {@linkcode Local}. */
export interface LocalConstructor {
  /**
   * Makes an object whose value each thread begins anew.
   *
   * @param initial Returns the value that a thread begins with. It is called
   * once in each thread that reads the value.
   * @throws {TypeError} If it is no function.
   * @typeParam T The type of the value.
   */
  new <T>(initial: () => T): { value: T };
  /**
   * Makes an object that is empty for every thread.
   *
   * @typeParam T The type of the value; or, where that is an object, of the
   * properties.
   */
  new <T = Record<string, unknown>>(): Local<T>;
  /** What its objects have in common: nothing. */
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

/** Has each thread's properties at hand, one thread's after another's. */
class PerThread implements ProxyHandler<ThreadLocal> {
  #thread = 0;
  #properties: object = {};
  /** Until the running thread has a value. */
  #initial: (() => unknown) | undefined;
  readonly #initializer: (() => unknown) | undefined;

  constructor(initializer: (() => unknown) | undefined) {
    this.#initializer = initializer;
  }

  /** The running thread's. An ended thread's are forgotten. */
  #own(): object {
    const thread = currentThreadId();
    if (thread !== this.#thread) {
      this.#thread = thread;
      this.#properties = Object.create(ThreadLocal.prototype);
      this.#initial = this.#initializer;
    }
    return this.#properties;
  }

  /** The same, with the value that the thread begins with. */
  #begun(key: PropertyKey): object {
    const own = this.#own();
    const initial = this.#initial;
    if (key !== "value" || initial === undefined) return own;
    const value = initial();
    this.#initial = undefined;
    return Object.assign(own, { value });
  }

  get(_: ThreadLocal, key: PropertyKey): unknown {
    return Reflect.get(this.#begun(key), key);
  }

  set(_: ThreadLocal, key: PropertyKey, value: unknown): boolean {
    const own = this.#own();
    if (key === "value") this.#initial = undefined;
    return Reflect.set(own, key, value);
  }

  has(_: ThreadLocal, key: PropertyKey): boolean {
    return Reflect.has(this.#begun(key), key);
  }

  deleteProperty(_: ThreadLocal, key: PropertyKey): boolean {
    return Reflect.deleteProperty(this.#begun(key), key);
  }

  ownKeys(): (string | symbol)[] {
    return Reflect.ownKeys(this.#begun("value"));
  }

  getOwnPropertyDescriptor(
    _: ThreadLocal,
    key: PropertyKey,
  ): PropertyDescriptor | undefined {
    return Reflect.getOwnPropertyDescriptor(this.#begun(key), key);
  }

  defineProperty(
    _: ThreadLocal,
    key: PropertyKey,
    descriptor: PropertyDescriptor,
  ): boolean {
    return Reflect.defineProperty(this.#begun(key), key, descriptor);
  }

  /** To freeze what the threads to come begin with would make no sense. */
  preventExtensions(): boolean {
    return false;
  }
}
Object.defineProperty(ThreadLocal, "name", { value: "Local" });

/** What each thread has for itself. */
export const Local: LocalConstructor =
  ThreadLocal as unknown as LocalConstructor;
