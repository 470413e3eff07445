/** Stands in the place of `lib/sync/reserve_stack.ts`, and counts. @module */

/** How often the stack was reserved. */
export let reserved = 0;

export function reserveStack(): void {
  reserved++;
}

export const reserveStackForHold = reserveStack;
export const reserveStackForCompiling = reserveStack;
export const reserveStackForLevels = reserveStack;

export function rehearse(): void {}
