/**
 * Joins threads where the stack ends: what came of a thread is there at the next
 * join, if it could not be read at the first. In the main thread, and in another.
 *
 * @module
 */

import { expose, Thread } from "../../mod.ts";

const layers: Record<string, (inner: unknown) => unknown> = {
  array: (inner) => [inner],
  object: (inner) => ({ inner }),
  map: (inner) => new Map([[1, inner]]),
};
/** What goes in bytes, by references, and by message. */
const cores: Record<string, () => unknown> = {
  number: () => 1,
  error: () => new RangeError("inside"),
  memory: () => new SharedArrayBuffer(8),
};

export function nested(layer: string, core: string, depth: number): unknown {
  let value = cores[core]();
  for (let i = 0; i < depth; i++) value = layers[layer](value);
  return value;
}

export function throwNested(
  layer: string,
  core: string,
  depth: number,
): never {
  const thrown = nested(layer, core, depth);
  throw Object.assign(new SyntaxError("thrown"), { thrown });
}

function depthOf(value: unknown): number {
  for (let depth = 0;; depth++) {
    if (Array.isArray(value)) value = value[0];
    else if (value instanceof Map) value = value.get(1);
    else if (Object(value).inner !== undefined) value = Object(value).inner;
    else return depth;
  }
}

function deeper<T>(depth: number, op: () => T): T {
  return depth > 0 ? deeper(depth - 1, op) : op();
}

function deepest(): number {
  let most = 0;
  for (let step = 1 << 17; step > 0; step >>= 1) {
    try {
      deeper(most + step, () => {});
      most += step;
    } catch { /* It doesn't fit. */ }
  }
  return most;
}

/** What a join gives, or throws of what the thread has thrown. */
function join(thread: Thread): unknown {
  try {
    return thread.joinSync();
  } catch (error) {
    if (error instanceof SyntaxError) return Object(error).thrown;
    throw error;
  }
}

/** How often a join met the stack's end. */
export function sweep(layer: string, core: string): number {
  let ends = 0;
  const most = deepest();
  for (const target of [nested, throwNested]) {
    for (const depth of [1, 100, 800]) {
      for (let below = 20; below < most; below *= 3) {
        const what = `${target.name} ${layer} ${core} ${depth}, ${below} below`;
        const thread = new Thread(target, { args: [layer, core, depth] });
        thread.start();
        let seen: unknown;
        try {
          seen = deeper(most - below, () => join(thread as never));
        } catch (error) {
          if (!(error instanceof RangeError)) {
            throw new Error(what, { cause: error });
          }
          ends++;
          seen = join(thread as never);
        }
        if (depthOf(seen) !== depth) throw new Error(`${what}: ${seen}`);
      }
    }
  }
  return ends;
}
expose(import.meta, { nested, throwNested, sweep });

if (import.meta.main) {
  for (const layer of Object.keys(layers)) {
    for (const core of Object.keys(cores)) {
      const thread = new Thread(sweep, { args: [layer, core] });
      if (layer === "object") thread.start();
      const ends = sweep(layer, core);
      const others = layer === "object" ? await thread.join() : 1;
      if (ends === 0 || others === 0) throw new Error("met no end");
    }
  }
}
