// Copyright 2026 the lab9 authors. MIT license.

const THREAD = /\bthread\d{1,9}\b/;
const THREADS = new RegExp(THREAD, "g");

/**
 * Groups the lines of each thread, and renames the threads in the order of their lines'
 * texts. So it doesn't matter which thread was first. The rule `ids` has replaced the
 * idents by the names that are found here.
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

/** Sorts the lines. An end that has no start before it is marked. */
export function partial(lines: string[]): string[] {
  let open = 0;
  return lines.map((line) => {
    if (/^Sleeping\b/.test(line)) open++;
    return /^Done\b/.test(line) && --open < 0
      ? `${line} (before its start)`
      : line;
  }).sort();
}
