/** What threads do with values in the tests of values. @module */

import { expose } from "../../lib/expose.ts";
import type { Queue } from "../../lib/queue/queue.ts";
import { difference } from "./difference.ts";
import { build, type Recipe } from "./values.ts";

/** In a list, because Deno looks into a value itself before it clones it. */
export function clone(value: unknown): unknown {
  return structuredClone([value])[0];
}

/** How what arrived here differs from the clone of what was sent; and itself. */
export function receive(
  recipe: Recipe,
  value: unknown,
): [found: string | undefined, value: unknown] {
  return [difference(value, clone(build(recipe))), value];
}

/** Does the same with the items of a queue, by turns recipes and values. */
export function receiveItems(there: Queue<unknown>, back: Queue<unknown>) {
  for (const recipe of there) {
    const [found, value] = receive(recipe as Recipe, there.getSync());
    back.putSync(found);
    back.putSync(value);
  }
}

/** In a list, because what has a method `then` is taken for a promise. */
export function make(recipe: Recipe): [unknown] {
  return [build(recipe)];
}

expose(import.meta, { make, receive, receiveItems });
