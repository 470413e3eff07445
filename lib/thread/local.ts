// Copyright 2026 the lab9 authors. MIT license.

import { currentIdentity } from "../sync/waiters.ts";

/**
 * An object with properties that each thread has for itself. Python's
 * `threading.local`.
 *
 * Every thread begins with none, on a worker that has run another thread before
 * as well. Where Python throws for a property that isn't there, this gives
 * undefined: what may be missing has a `?` in the type. It can't be passed to a
 * thread; a module's top level is the place for it.
 *
 * @example Usage
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
 * @typeParam T The properties.
 */
export type Local<T extends object> = T;

/** The class of {@linkcode Local}. */
export interface LocalConstructor {
  /**
   * Makes an object that is empty for every thread.
   *
   * @typeParam T The properties.
   */
  new <T extends object = Record<string, unknown>>(): Local<T>;
  /** What its objects have in common: nothing. */
  readonly prototype: object;
}

class ThreadLocal {
  constructor() {
    return new Proxy(this, new PerThread());
  }
}

/** Has each thread's properties at hand, one thread's after another's. */
class PerThread implements ProxyHandler<ThreadLocal> {
  #thread = 0;
  #properties: object = {};

  /** The running thread's. An ended thread's are forgotten. */
  #own(): object {
    const thread = currentIdentity();
    if (thread !== this.#thread) {
      this.#thread = thread;
      this.#properties = Object.create(ThreadLocal.prototype);
    }
    return this.#properties;
  }

  get(_: ThreadLocal, key: PropertyKey): unknown {
    return Reflect.get(this.#own(), key);
  }

  set(_: ThreadLocal, key: PropertyKey, value: unknown): boolean {
    return Reflect.set(this.#own(), key, value);
  }

  has(_: ThreadLocal, key: PropertyKey): boolean {
    return Reflect.has(this.#own(), key);
  }

  deleteProperty(_: ThreadLocal, key: PropertyKey): boolean {
    return Reflect.deleteProperty(this.#own(), key);
  }

  ownKeys(): (string | symbol)[] {
    return Reflect.ownKeys(this.#own());
  }

  getOwnPropertyDescriptor(
    _: ThreadLocal,
    key: PropertyKey,
  ): PropertyDescriptor | undefined {
    return Reflect.getOwnPropertyDescriptor(this.#own(), key);
  }

  defineProperty(
    _: ThreadLocal,
    key: PropertyKey,
    descriptor: PropertyDescriptor,
  ): boolean {
    return Reflect.defineProperty(this.#own(), key, descriptor);
  }

  /** To freeze what the threads to come begin with would make no sense. */
  preventExtensions(): boolean {
    return false;
  }
}
Object.defineProperty(ThreadLocal, "name", { value: "Local" });

/** An object with properties that each thread has for itself. */
export const Local: LocalConstructor =
  ThreadLocal as unknown as LocalConstructor;
