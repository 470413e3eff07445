// Copyright 2026 the lab9 authors. MIT license.

/** A run of `*` or of `_` that may begin or end an emphasis. */
interface Run {
  /** Its place among the pieces. */
  at: number;
  char: string;
  left: number;
  canOpen: boolean;
}

// An escaped mark, a span of code, a name of Python's own, a run of marks.
const MARKS =
  /\\([!-/:-@[-`{-~])|(?<!`)(`+)(?!`)([^]*?[^`])\2(?!`)|(?<![\p{L}\p{N}_])(__[a-z][a-z0-9_]*__)(?![\p{L}\p{N}_])|(\*+|_+)/gu;
const WORD = /[\p{L}\p{N}]/u;

/**
 * A heading without the marks of Markdown: those of emphasis, of code and of
 * escapes. Marks inside code and inside words stay, and so do names such as
 * `__init__`, which is hardly a word to be stressed.
 */
export function plainHeading(heading: string): string {
  const pieces: string[] = [];
  const openers: Run[] = [];
  let end = 0;
  for (const match of heading.matchAll(MARKS)) {
    const [text, escaped, , code, name, marks] = match;
    pieces.push(heading.slice(end, match.index));
    end = match.index + text.length;
    pieces.push(escaped ?? code?.replace(/^ (.*\S.*) $/, "$1") ?? name ?? "");
    if (marks === undefined) continue;
    const before = heading[match.index - 1] ?? " ";
    const after = heading[end] ?? " ";
    const run: Run = {
      at: pieces.length - 1,
      char: marks[0],
      left: marks.length,
      canOpen: !isWord(before) && after.trim() !== "",
    };
    if (!isWord(after) && before.trim() !== "") close(run, openers, pieces);
    if (run.canOpen && run.left > 0) openers.push(run);
    pieces[run.at] = run.char.repeat(run.left);
  }
  return pieces.join("") + heading.slice(end);
}

/** Takes the marks of a run away, with those that they end. */
function close(run: Run, openers: Run[], pieces: string[]): void {
  while (run.left > 0) {
    const i = openers.findLastIndex(({ char }) => char === run.char);
    if (i === -1) return;
    const opener = openers[i];
    const count = Math.min(run.left, opener.left);
    run.left -= count;
    opener.left -= count;
    pieces[opener.at] = opener.char.repeat(opener.left);
    // What was opened in between has no end.
    openers.length = opener.left === 0 ? i : i + 1;
  }
}

function isWord(char: string): boolean {
  return WORD.test(char);
}
