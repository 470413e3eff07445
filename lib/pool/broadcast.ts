// Copyright 2026 the lab9 authors. MIT license.

import { expose } from "../expose.ts";
import { addOwnModule, type AnyFunction } from "../codec/references.ts";
import { Promise } from "../sync/globals.ts";
import { hold } from "../sync/keep_alive.ts";
import { pause } from "./waits.ts";

/** So long a worker that has had its turn leaves the task to the others. */
const PAUSE_MS = 2;

/** The broadcasts that this worker has taken part in. */
const taken = new Set<number>();
let broadcasts = 0;

/** What came of a task of a broadcast; undefined if another worker is to do it. */
export type Turn = { value: unknown } | undefined;

/** Calls the function, unless this worker has had its turn. */
export async function takeTurn(
  broadcast: number,
  fn: AnyFunction,
  args: readonly unknown[],
): Promise<Turn> {
  if (taken.has(broadcast)) return undefined;
  taken.add(broadcast);
  return { value: await fn(...args) };
}
// In a bundle a user's module has the same URL: its names are others.
expose(import.meta, { "lab9.takeTurn": takeTurn });
addOwnModule(import.meta);

/**
 * Has so many workers take their turns. Nobody says which worker takes a task: one
 * that has had its turn gives the task back.
 */
export async function broadcastTo(
  workers: number,
  submit: (broadcast: number) => Promise<Turn>,
): Promise<unknown[]> {
  using _alive = hold();
  const broadcast = ++broadcasts;
  const takePart = async (): Promise<unknown> => {
    for (;;) {
      const turn = await submit(broadcast);
      if (turn !== undefined) return turn.value;
      await pause(PAUSE_MS);
    }
  };
  return await Promise.all(Array.from({ length: workers }, takePart));
}
