// Copyright 2026 the lab9 authors. MIT license.

/** What to call a value of the wrong type in an error's message. */
export function kindOf(value: unknown): string {
  return value === null ? "null" : typeof value;
}
