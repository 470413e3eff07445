// Copyright 2026 the lab9 authors. MIT license.

/** A line of a comparison: only recorded, only here, or on both sides. */
export interface DiffLine {
  side: "recorded" | "here" | "both";
  line: string;
}

/**
 * Compares two texts line by line, by their longest common subsequence.
 *
 * @param recorded The lines on one side.
 * @param here The lines on the other.
 * @returns All lines of both, each marked with its side.
 */
export function diff(recorded: string[], here: string[]): DiffLine[] {
  // common[i][j]: how many lines recorded[i..] and here[j..] have in common.
  const common = Array.from(
    { length: recorded.length + 1 },
    () => new Array<number>(here.length + 1).fill(0),
  );
  for (let i = recorded.length - 1; i >= 0; i--) {
    for (let j = here.length - 1; j >= 0; j--) {
      common[i][j] = recorded[i] === here[j]
        ? common[i + 1][j + 1] + 1
        : Math.max(common[i + 1][j], common[i][j + 1]);
    }
  }
  const lines: DiffLine[] = [];
  let [i, j] = [0, 0];
  while (i < recorded.length || j < here.length) {
    const isBoth = recorded[i] === here[j];
    const isRecorded = j === here.length ||
      (i < recorded.length && common[i + 1][j] >= common[i][j + 1]);
    if (isBoth) lines.push({ side: "both", line: (j++, recorded[i++]) });
    else if (isRecorded) lines.push({ side: "recorded", line: recorded[i++] });
    else lines.push({ side: "here", line: here[j++] });
  }
  return lines;
}

/**
 * Writes a comparison for a reader: `-` recorded, `+` here. Of lines that both
 * sides have, only those next to a difference are shown.
 */
export function formatDiff(lines: DiffLine[]): string[] {
  const CONTEXT = 2;
  const isShown = lines.map((_, i) =>
    lines.slice(Math.max(0, i - CONTEXT), i + CONTEXT + 1)
      .some(({ side }) => side !== "both")
  );
  const marks = { recorded: "-", here: "+", both: " " };
  return lines.flatMap(({ side, line }, i) => {
    if (isShown[i]) return [`${marks[side]} ${line}`.trimEnd()];
    return isShown[i - 1] || i === 0 ? ["  …"] : [];
  });
}
