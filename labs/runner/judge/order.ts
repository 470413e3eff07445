// Copyright 2026 the lab9 authors. MIT license.

const THREAD = /\bthread\d{1,9}\b/;
const THREADS = new RegExp(THREAD, "g");

/**
 * Puts together what each thread printed, and names the threads anew, by what
 * they printed: it doesn't matter which came first. Rule `ids` has given them
 * the names that are looked for.
 */
export function byThread(lines: string[]): string[] {
  const byName = Map.groupBy(lines, (line) => THREAD.exec(line)?.[0] ?? "");
  return [...byName.values()]
    .map((own) => own.join("\n").replaceAll(THREADS, "thread"))
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
