// Copyright 2026 the lab9 authors. MIT license.

const encoder = new TextEncoder();

/**
 * Prints a line. Unlike `console.log`, it throws when there is no reader any
 * more, as behind `head`.
 *
 * @throws {Deno.errors.BrokenPipe} If nobody reads.
 */
export function print(line: string): void {
  let bytes = encoder.encode(`${line}\n`);
  while (bytes.length > 0) {
    bytes = bytes.subarray(Deno.stdout.writeSync(bytes));
  }
}

/** How wide a stream is, in columns; what isn't a terminal has no end. */
export function widthOf(
  stream: typeof Deno.stdout | typeof Deno.stderr,
): number {
  // A terminal may not know its size.
  return stream.isTerminal() ? Deno.consoleSize().columns || 80 : Infinity;
}
