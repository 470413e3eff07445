/** Objects that each thread makes for itself when it loads this module. @module */

import { type Event, expose, Queue } from "../../mod.ts";

const passedOn = new Queue<number>();
const copy = new Queue<number>();

/** What the worker warns of meanwhile. */
async function warningsOf(fn: () => unknown): Promise<string[]> {
  const warnings: string[] = [];
  const { warn } = console;
  console.warn = (message: string) => warnings.push(message);
  try {
    await fn();
  } finally {
    console.warn = warn;
  }
  return warnings;
}

/** Passes a queue on. */
export function pass(): Queue<number> {
  return passedOn;
}

/** Uses a queue that it has passed on, and one that came from elsewhere. */
export async function useShared(
  received: Queue<unknown>,
  done: Event,
): Promise<string[]> {
  return await warningsOf(() => {
    received.putSync(1);
    passedOn.putSync(1);
    passedOn.getSync();
    done.waitSync();
    const own = new Queue<number>();
    own.putSync(1);
    own.getSync();
  });
}

/** Uses the copy of the worker, more than once. */
export async function useCopy(): Promise<string[]> {
  return await warningsOf(() => {
    copy.putSync(1);
    copy.putNowait(1);
  });
}

expose(import.meta, { pass, useShared, useCopy });
