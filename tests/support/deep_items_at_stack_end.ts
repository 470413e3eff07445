/**
 * Gets items that are nested deep where the stack ends, at many heights: an item is
 * got, or it stays. Each height is tried in the order from the stack's end, as a
 * program would meet it.
 *
 * @module
 */

import { LifoQueue, PriorityQueue, Queue, selectSync } from "../../mod.ts";

function deeper<T>(depth: number, op: () => T): T {
  return depth > 0 ? deeper(depth - 1, op) : op();
}

function fits(depth: number): boolean {
  try {
    deeper(depth, () => {});
    return true;
  } catch {
    return false;
  }
}

const layers: Record<string, (inner: unknown) => unknown> = {
  object: (inner) => ({ inner }),
  array: (inner) => [inner],
  "sparse array": (inner) => Object.assign([], { 3: inner }),
  "map's value": (inner) => new Map([[1, inner]]),
  "map's key": (inner) => new Map([[inner, 1]]),
  set: (inner) => new Set([inner]),
  error: (inner) => new Error("", { cause: inner }),
};

/** How deep a value is nested: each layer holds one thing. */
function depthOf(value: unknown): number {
  let depth = 0;
  while (typeof value === "object" && value !== null) {
    depth++;
    if (value instanceof Map) {
      const [key, held] = [...value][0];
      value = typeof key === "object" ? key : held;
    } else if (value instanceof Set) value = [...value][0];
    else value = Error.isError(value) ? value.cause : Object.values(value)[0];
  }
  return depth;
}

let most = 0;
for (let step = 1 << 17; step > 0; step >>= 1) {
  if (fits(most + step)) most += step;
}

let lost = 0;
let met = 0;

/** So many functions below a try there is room to look at what it left. */
const ROOM = 1000;

/**
 * Gets something where the stack ends: at first in large steps to where that can
 * begin at all, and from there in small ones. Each try that fails is looked at.
 */
function getFromEnd(
  get: () => unknown,
  look: () => void,
  smallStep: number,
): unknown {
  let got: unknown;
  let isBegun = false;
  const op = () => {
    isBegun = true;
    return get();
  };
  let height = most;
  let step = 200;
  // Many tries are made from the same place: not each goes all the way.
  const tryAbove = (base: number) => {
    const last = base > 0 ? base + ROOM / 2 : 1 - step;
    for (; got === undefined && height >= last; height -= step) {
      try {
        got = deeper(Math.max(height - base, 0), op);
      } catch (error) {
        if (!(error instanceof RangeError)) throw error;
        met++;
        look();
      }
      if (isBegun && step > smallStep) {
        height += step;
        step = smallStep;
      }
    }
  };
  while (got === undefined && height > -step) {
    const base = Math.max(height - ROOM, 0);
    let hasBegun = false;
    try {
      deeper(base, () => {
        deeper(ROOM / 4, look);
        hasBegun = true;
        tryAbove(base);
      });
    } catch (error) {
      // Frames that aren't compiled yet are larger: not even the base fits, or a look.
      if (!(error instanceof RangeError) || hasBegun) throw error;
      height -= step;
    }
  }
  return got;
}

for (const [layer, wrap] of Object.entries(layers)) {
  for (const depth of [1, 8, 9, 100, 980]) {
    let item: unknown = 1;
    for (let i = 0; i < depth; i++) item = wrap(item);
    const fifo = new Queue<unknown>();
    const lifo = new LifoQueue<unknown>();
    const priority = new PriorityQueue<number, unknown>();
    const gets: [Queue<never>, () => unknown][] = [
      [fifo as never, () => fifo.getNowait()],
      [fifo as never, () => fifo.getSync()],
      [fifo as never, () => selectSync([fifo])[1]],
      [lifo as never, () => lifo.getNowait()],
      [priority as never, () => priority.getNowait()[1]],
    ];
    for (const [queue, get] of gets) {
      const isOrdered = (queue as unknown) === priority;
      queue.putNowait((isOrdered ? [1, item] : item) as never);
      const got = getFromEnd(get, () => {
        if (queue.size === 1) return;
        lost++;
        console.error(`${queue}: ${layer}, ${depth} deep, got lost`);
        queue.putNowait((isOrdered ? [1, item] : item) as never);
      }, 3 + (depth >> 4));
      if (got !== undefined && depthOf(got) !== depth) {
        throw new Error(`${layer}: other`);
      }
      if (queue.size > 0) throw new Error(`${layer}, ${depth} deep: too deep`);
    }
    // What nobody reads needs no stack.
    fifo.putNowait(item);
    let isShut = false;
    for (let height = 0; !isShut; height += 50) {
      try {
        deeper(most - height, () => fifo.shutdown({ immediate: true }));
        isShut = true;
      } catch {
        if (fifo.isShutdown) throw new Error("shutdown() was left half-way");
      }
    }
    if (fifo.size > 0) throw new Error("shutdown() has left an item");
  }
}
if (lost > 0 || met === 0) throw new Error(`${lost} items lost, ${met} ends`);
