// Copyright 2026 the lab9 authors. MIT license.

/**
 * The mark at the beginning of a flag's output. A later output may overwrite a file with it.
 *
 * @param flag The flag's name.
 */
export function markOf(flag: string): string {
  return `Written by deno task labs, flag ${flag}`;
}
