// Copyright 2026 the lab9 authors. MIT license.

/**
 * Finds the code of a lab's cells: from a call of `cell()`, with the comment
 * above it, up to the next one. What stands between belongs to the cell before.
 *
 * @param text The lab's module.
 * @returns The code by the cells' numbers; of one that stands twice, both.
 */
export function sourcesOf(text: string): Map<string, string> {
  const lines = text.split("\n");
  const starts: { number: string; line: number }[] = [];
  lines.forEach((line, i) => {
    const [, name, number] = /^cell\((?:"([^"]+)"|(\d+)),/.exec(line) ?? [];
    const cell = name ?? number;
    if (cell === undefined) return;
    let first = i;
    while (first > 0 && lines[first - 1].startsWith("//")) first--;
    starts.push({ number: cell, line: first });
  });
  // "Other threads find the functions under these names."
  const exposed = lines.findIndex((line) => line.startsWith("expose("));
  const end = lines[exposed - 1]?.startsWith("//") ? exposed - 1 : exposed;
  const sources = new Map<string, string>();
  starts.forEach(({ number, line }, i) => {
    const next = starts[i + 1]?.line ?? (end < 0 ? lines.length : end);
    const code = lines.slice(line, next).join("\n").trim();
    const earlier = sources.get(number);
    sources.set(number, earlier === undefined ? code : `${earlier}\n\n${code}`);
  });
  return sources;
}
