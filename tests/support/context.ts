// Functions that look at what the caller's context holds.

import { AsyncLocalStorage } from "node:async_hooks";
import { expose } from "../../mod.ts";

export const request = new AsyncLocalStorage<{ id: string }>();
export const user = new AsyncLocalStorage<string>();
/** Not exposed. */
export const hidden = new AsyncLocalStorage<string>();

type Seen = [request?: string, user?: string];

export function look(): Seen {
  return [request.getStore()?.id, user.getStore()];
}

export async function lookLater(n: number): Promise<[number, ...Seen]> {
  await Promise.resolve();
  return [n, ...look()];
}

export function lookAt(a: number, b: number): [number, ...Seen] {
  return [a + b, ...look()];
}
expose(import.meta, { look, lookAt, lookLater, request, user });
