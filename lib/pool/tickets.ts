// Copyright 2026 the lab9 authors. MIT license.

// The worker's side of tickets; see `TaskTable`.

/** Whether the task is still wanted; if so, it has begun. */
export function beginTask(
  tickets: Int32Array,
  { id, ticket }: { id: number; ticket: number },
): boolean {
  return Atomics.compareExchange(tickets, ticket, id, -id) === id;
}

/** Whether a task that has begun is still wanted. */
export function isBegun(
  tickets: Int32Array,
  { id, ticket }: { id: number; ticket: number },
): boolean {
  return Atomics.load(tickets, ticket) === -id;
}
