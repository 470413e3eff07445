// Copyright 2026 the lab9 authors. MIT license.

const THREAD = /\bthread\d+\b/g;

/**
 * Puts together what each thread printed, and names the threads anew, by what
 * they printed: it doesn't matter which came first. Rule `ids` has given them
 * the names that are looked for.
 */
export function byThread(lines: string[]): string[] {
  const threads = new Map<string, string[]>();
  for (const line of lines) {
    const thread = line.match(THREAD)?.[0] ?? "";
    threads.set(thread, [...threads.get(thread) ?? [], line]);
  }
  return [...threads.values()]
    .map((own) => own.join("\n").replaceAll(THREAD, "thread"))
    .sort()
    .flatMap((own, i) =>
      own.replaceAll(/\bthread\b/g, `thread${i + 1}`).split("\n")
    );
}

/** Lines in any order, but an end without a start before it is marked. */
export function partial(lines: string[]): string[] {
  let open = 0;
  return lines.map((line) => {
    if (/^Sleeping\b/.test(line)) open++;
    return /^Done\b/.test(line) && --open < 0
      ? `${line} (before its start)`
      : line;
  }).sort();
}
