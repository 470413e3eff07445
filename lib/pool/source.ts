// Copyright 2026 the lab9 authors. MIT license.

import type { AnyIterable } from "./options.ts";

/** Whether items come one after another. */
export function isAsync<T>(items: AnyIterable<T>): items is AsyncIterable<T> {
  return Symbol.asyncIterator in Object(items);
}

/** How many items there are, if they tell. */
export function countOf(items: AnyIterable<unknown>): number | undefined {
  if (Array.isArray(items)) return items.length;
  if (items instanceof Set || items instanceof Map) return items.size;
  // Not a string: it is iterated by code points.
  if (ArrayBuffer.isView(items)) return (items as Uint8Array).length;
  return undefined;
}

/** Items that are read only as they are asked for. */
export class Source<T> {
  #items: AnyIterable<T>;
  #isAsync: boolean;
  #iterator: Iterator<T> | AsyncIterator<T> | undefined;
  #hasEnded = false;
  #failure: { error: unknown } | undefined;

  constructor(items: AnyIterable<T>) {
    this.#items = items;
    this.#isAsync = isAsync(items);
  }

  /**
   * Reads so many items, fewer at the end, and none after it. What the items'
   * iterator throws comes after the items that were read before.
   */
  async read(count: number): Promise<T[]> {
    const items: T[] = [];
    try {
      const iterator = this.#iterator ??= iterate(this.#items);
      while (items.length < count && !this.#hasEnded) {
        const step = iterator.next();
        const next = this.#isAsync ? await step : step as IteratorResult<T>;
        if (next.done) this.#hasEnded = true;
        else items.push(next.value);
      }
    } catch (error) {
      this.#hasEnded = true;
      this.#failure = { error };
    }
    if (items.length === 0 && this.#failure) throw this.#failure.error;
    return items;
  }

  /**
   * Lets the iterator clean up, unless it has ended. It isn't awaited, as it may
   * be what one waited for, so nobody can be told what it throws.
   */
  leave(): void {
    if (this.#hasEnded) return;
    this.#hasEnded = true;
    Promise.try(() => this.#iterator?.return?.()).catch(() => {});
  }
}

function iterate<T>(items: AnyIterable<T>): Iterator<T> | AsyncIterator<T> {
  return isAsync(items)
    ? items[Symbol.asyncIterator]()
    : items[Symbol.iterator]();
}
