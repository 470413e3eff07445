// Copyright 2026 the lab9 authors. MIT license.

/**
 * How a cell's output may differ from the record without being another output.
 * A rule has a name, is listed with the cells that need it, and is applied to
 * both sides.
 *
 * @module
 */

/** Both sides of a comparison, line by line. */
export interface Sides {
  recorded: string[];
  here: string[];
}

/** A rule makes both sides comparable. */
type Rule = (sides: Sides) => Sides;

const FINISHED = /^Finished in (\d+\.\d+|s) seconds$/;
const KERNEL_THREAD =
  /<(Heartbeat|HistorySavingThread|ParentPollerUnix)\(|<Thread\(.*started daemon/;

function each(change: (lines: string[]) => string[]): Rule {
  return ({ recorded, here }) => ({
    recorded: change(recorded),
    here: change(here),
  });
}

/** Gives what matches a name by its first appearance, so that equality stays. */
function rename(pattern: RegExp, name: string): Rule {
  return each((lines) => {
    const names = new Map<string, string>();
    return lines.map((line) =>
      line.replace(pattern, (match) => {
        if (!names.has(match)) names.set(match, `${name}${names.size + 1}`);
        return names.get(match)!;
      })
    );
  });
}

/** The lines that `here` has, as patterns: of each digit, any digit will do. */
function patternsOf(here: string[]): RegExp {
  const escaped = here.map((line) =>
    line.replaceAll(/[.*+?^${}()|[\]\\]/g, "\\$&").replaceAll(/\d/g, "\\d")
  );
  const distinct = [...new Set(escaped)];
  distinct.sort((a, b) => b.length - a.length);
  return new RegExp(distinct.join("|"), "g");
}

/** Takes lines apart that several threads wrote at once, without the breaks. */
function unglue({ recorded, here }: Sides): Sides {
  const known = patternsOf(here);
  const lines = recorded.flatMap((line) => {
    const parts = line.match(known) ?? [];
    return parts.join("") === line ? parts : [line];
  });
  return { recorded: lines.filter((line) => line !== ""), here };
}

/** Sorts all lines but a closing line about the time, which stays the last. */
function sorted(lines: string[]): string[] {
  const last = FINISHED.test(lines.at(-1) ?? "") ? lines.slice(-1) : [];
  return [...lines.slice(0, lines.length - last.length).sort(), ...last];
}

/** Puts together what each thread printed, whichever thread it was. */
function byThread(lines: string[]): string[] {
  const threads = new Map<string, string[]>();
  for (const line of lines) {
    const ident = /\bthread\d+\b/.exec(line)?.[0] ?? "";
    const own = threads.get(ident) ?? [];
    own.push(line.replaceAll(ident, "thread"));
    threads.set(ident, own);
  }
  return [...threads.values()].map((own) => own.join("\n")).sort();
}

/** Sorts lines, if each end stands after its start; else leaves them. */
function starts(lines: string[]): string[] {
  let open = 0;
  for (const line of lines) {
    if (/^Sleeping\b/.test(line)) open++;
    if (/^Done\b/.test(line) && --open < 0) return lines;
  }
  return lines.toSorted();
}

/** The rules, in the order in which they are applied. */
export const rules: Record<string, Rule> = {
  /** Jupyter's own threads are left out of a listing. */
  "kernel-threads": each((lines) =>
    lines.filter((line) => !KERNEL_THREAD.test(line))
  ),
  /** Lines that threads wrote at once are taken apart. */
  "interleaved": unglue,
  /** Threads' numbers are renamed by first appearance. */
  "thread-names": rename(/\bThread-\d+\b/g, "Thread-"),
  /** Threads' idents are renamed by first appearance. */
  "ids": rename(/\b\d{10,}\b/g, "thread"),
  /** Objects' addresses are renamed by first appearance. */
  "addresses": rename(/\b0x[0-9a-f]+\b/g, "address"),
  /** The number of processors is the machine's. */
  "cpu-count": each((lines) =>
    lines.map((line) => line.replace(/^(Number of processors: +)\d+$/, "$1n"))
  ),
  /** The time is compared as a time. */
  "seconds": each((lines) =>
    lines.map((line) => FINISHED.test(line) ? "Finished in s seconds" : line)
  ),
  /** The record breaks off: what is here must begin with it. */
  "cut": ({ recorded, here }) => {
    const text = recorded.join("\n");
    return {
      recorded,
      here: here.join("\n").slice(0, text.length).split("\n"),
    };
  },
  /** Lines come in the recorded order. */
  "order:exact": (sides) => sides,
  /** Lines come in any order, the one about the time last. */
  "order:any": each(sorted),
  /** Each thread's lines come in their order. */
  "order:per-thread": each(byThread),
  /** Each end comes after its start. */
  "order:partial": each(starts),
};

/**
 * Applies rules to both sides.
 *
 * @throws {Error} If there is no rule of a name.
 */
export function applyRules(names: string[], sides: Sides): Sides {
  const unknown = names.filter((name) => !Object.hasOwn(rules, name));
  if (unknown.length > 0) {
    throw new Error(
      `Cannot compare cell: there is no rule '${unknown[0]}', the rules are ` +
        Object.keys(rules).join(", "),
    );
  }
  return Object.keys(rules)
    .filter((name) => names.includes(name))
    .reduce((result, name) => rules[name](result), sides);
}
