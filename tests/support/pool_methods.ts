// The methods of a pool that call functions, each in one form.

import type { ImapOptions, MapOptions, Pool } from "../../mod.ts";
import * as fns from "./pool_functions.ts";

export type Options = MapOptions<false> & ImapOptions<false>;
export type Star = (a: unknown, b?: unknown) => unknown;

/** Each of the methods that take items, used to the end. */
export const methods: Record<
  string,
  (
    pool: Pool,
    fn: Star,
    items: Iterable<[unknown, unknown?]>,
    options: Options,
  ) => Promise<unknown[]>
> = {
  map: (pool, fn, items, options) =>
    pool.map(fns.spread, spreads(fn, items), options),
  starmap: (pool, fn, items, options) => pool.starmap(fn, items, options),
  imap: (pool, fn, items, options) =>
    Array.fromAsync(pool.imap(fns.spread, spreads(fn, items), options)),
  imapUnordered: (pool, fn, items, options) =>
    Array.fromAsync(
      pool.imapUnordered(fns.spread, spreads(fn, items), options),
    ),
  starmapOrdered: (pool, fn, items, options) =>
    Array.fromAsync(pool.starmapOrdered(fn, items, options)),
  starmapUnordered: (pool, fn, items, options) =>
    Array.fromAsync(pool.starmapUnordered(fn, items, options)),
};

export const all: typeof methods = {
  async apply(pool, fn, items, options) {
    const [args] = items;
    return [await pool.apply(fn, args, options)];
  },
  ...methods,
};

function spreads(fn: Star, items: Iterable<[unknown, unknown?]>) {
  return [...items].map((args) => ({ fn, args }));
}
