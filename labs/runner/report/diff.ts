// Copyright 2026 the lab9 authors. MIT license.

/** A line of a comparison, with its side. */
export interface DiffLine {
  side: "recorded" | "here" | "both";
  line: string;
}

/** How many pairs of lines are compared at most. That takes a fraction of a second. */
const MOST_PAIRS = 1_000_000;

/** How many lines of one side are shown at most, if they follow one another. */
const MOST_LINES = 40;

/** How many characters of a line are shown at most. */
const MOST_CHARACTERS = 400;

/**
 * Compares two texts line by line, by their longest common subsequence. If too many lines
 * differ, all recorded lines stand before the lines here.
 *
 * @param recorded The lines on one side.
 * @param here The lines on the other.
 * @returns All lines of both, each marked with its side.
 */
export function diff(recorded: string[], here: string[]): DiffLine[] {
  let start = 0;
  const least = Math.min(recorded.length, here.length);
  while (start < least && recorded[start] === here[start]) start++;
  let end = 0;
  while (
    end < least - start && recorded.at(-1 - end) === here.at(-1 - end)
  ) end++;
  const left = recorded.slice(start, recorded.length - end);
  const right = here.slice(start, here.length - end);
  const middle = left.length * right.length <= MOST_PAIRS
    ? align(left, right)
    : [...marked(left, "recorded"), ...marked(right, "here")];
  return [
    ...marked(recorded.slice(0, start), "both"),
    ...middle,
    ...marked(recorded.slice(recorded.length - end), "both"),
  ];
}

function marked(lines: string[], side: DiffLine["side"]): DiffLine[] {
  return lines.map((line) => ({ side, line }));
}

function align(recorded: string[], here: string[]): DiffLine[] {
  // common[i][j]: how many lines recorded[i..] and here[j..] have in common.
  const common = Array.from(
    { length: recorded.length + 1 },
    () => new Uint32Array(here.length + 1),
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
    const isBoth = i < recorded.length && recorded[i] === here[j];
    const isRecorded = j === here.length ||
      (i < recorded.length && common[i + 1][j] >= common[i][j + 1]);
    if (isBoth) lines.push({ side: "both", line: (j++, recorded[i++]) });
    else if (isRecorded) lines.push({ side: "recorded", line: recorded[i++] });
    else lines.push({ side: "here", line: here[j++] });
  }
  return lines;
}

/**
 * Formats a comparison: `-` is recorded, `+` is here. A line that both sides have is shown
 * only next to a difference. Only the beginning of very many or very long lines is shown.
 * A blank at the end of a line is shown as `·`, and a carriage return as `␍`.
 */
export function formatDiff(lines: DiffLine[]): string[] {
  const CONTEXT = 2;
  const isShown = new Array<boolean>(lines.length).fill(false);
  lines.forEach(({ side }, i) => {
    if (side === "both") return;
    isShown.fill(true, Math.max(0, i - CONTEXT), i + CONTEXT + 1);
  });
  const marks = { recorded: "-", here: "+", both: " " };
  const shown: string[] = [];
  let inRow = 0;
  lines.forEach(({ side, line }, i) => {
    inRow = side === lines[i - 1]?.side ? inRow + 1 : 1;
    if (!isShown[i]) {
      if (isShown[i - 1] || i === 0) shown.push("  …");
    } else if (inRow <= MOST_LINES) {
      shown.push(`${marks[side]} ${visible(line)}`.trimEnd());
    } else if (lines[i + 1]?.side !== side) {
      shown.push(`${marks[side]} … (${inRow - MOST_LINES} more lines)`);
    }
  });
  return shown;
}

function visible(line: string): string {
  const cut = line.length > MOST_CHARACTERS
    ? `${line.slice(0, MOST_CHARACTERS)}… (${line.length} characters)`
    : line;
  const end = cut.trimEnd().length;
  return cut.slice(0, end).replaceAll("\r", "␍") +
    cut.slice(end).replaceAll(/[^\r]/g, "·").replaceAll("\r", "␍");
}
