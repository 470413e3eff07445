// Copyright 2026 the lab9 authors. MIT license.

const encoder = new TextEncoder();

/**
 * Prints a line. Unlike `console.log`, it throws when the reader has ended, such as `head`.
 *
 * @throws {Deno.errors.BrokenPipe} If the reader has ended.
 */
export function print(line: string): void {
  let bytes = encoder.encode(`${line}\n`);
  while (bytes.length > 0) {
    bytes = bytes.subarray(Deno.stdout.writeSync(bytes));
  }
}

/** How many columns a stream has; Infinity if it isn't a terminal. */
export function widthOf(
  stream: typeof Deno.stdout | typeof Deno.stderr,
): number {
  // A terminal may not know its size.
  return stream.isTerminal() ? Deno.consoleSize().columns || 80 : Infinity;
}
