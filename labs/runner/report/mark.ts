// Copyright 2026 the lab9 authors. MIT license.

/**
 * What an output of a flag begins with, so that a later one may take its place.
 *
 * @param flag The flag's name.
 */
export function markOf(flag: string): string {
  return `Written by deno task labs, flag ${flag}`;
}
