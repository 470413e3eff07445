// Copyright 2026 the lab9 authors. MIT license.

/**
 * The rules of how a cell's output may differ from the record and still be reproduced. A
 * rule has a name. The record lists the rules that a cell needs. They are applied to both
 * sides: the recorded lines, and the lines here.
 *
 * @module
 */

import { byThread, partial } from "./order.ts";
import { type Sides, unglue } from "./unglue.ts";
import { SchemaError } from "./schema.ts";

/** Both sides, after the rules were applied. */
export interface Compared extends Sides {
  /** The rules that have changed something. */
  used: string[];
}

/** A rule, which makes both sides comparable. */
interface Rule {
  /** What may differ, for the readers of verdicts. */
  about: string;
  apply: (sides: Sides) => Sides;
}

// A line may have millions of characters. An unbounded repetition before something else
// would overflow the stack of regular expressions. So all repetitions are bounded.
const FINISHED = /^Finished in (\d{1,9}\.\d{1,9}|s) seconds$/;
const KERNEL_THREAD = /<(Heartbeat|HistorySavingThread|ParentPollerUnix)\(/;

function isKernelThread(line: string): boolean {
  if (KERNEL_THREAD.test(line)) return true;
  const thread = line.indexOf("<Thread(");
  return thread >= 0 && line.includes("started daemon", thread);
}

function each(change: (lines: string[]) => string[]): Rule["apply"] {
  return ({ recorded, here }) => ({
    recorded: change(recorded),
    here: change(here),
  });
}

function replace(pattern: RegExp, by: string): Rule["apply"] {
  return each((lines) => lines.map((line) => line.replace(pattern, by)));
}

/** Renames all matches in the order of their first appearance. Equal ones stay equal. */
function rename(pattern: RegExp, name: string): Rule["apply"] {
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

/** Cuts the lines here to the length of the record, which breaks off. */
function cut({ recorded, here }: Sides): Sides {
  const { length } = recorded.join("\n");
  return { recorded, here: here.join("\n").slice(0, length).split("\n") };
}

/** Sorts all lines but a last one about the time. Such a line before the end is marked. */
function sortButLast(lines: string[]): string[] {
  const last = FINISHED.test(lines.at(-1) ?? "") ? lines.slice(-1) : [];
  const others = lines.slice(0, lines.length - last.length).map((line) =>
    FINISHED.test(line) ? `${line} (not the last line)` : line
  );
  return [...others.sort(), ...last];
}

/** The rules, in the order in which they are applied. */
export const rules: Record<string, Rule> = {
  "kernel-threads": {
    about: "Jupyter's own threads are left out",
    apply: each((lines) => lines.filter((line) => !isKernelThread(line))),
  },
  "interleaved": {
    about: "lines that threads wrote at once are taken apart",
    apply: unglue,
  },
  "thread-names": {
    about: "threads' numbers are renamed by first appearance",
    apply: rename(/\bThread-\d{1,9}\b/g, "Thread-"),
  },
  "ids": {
    about: "threads' idents are renamed by first appearance",
    apply: rename(/\b\d{10,20}\b/g, "thread"),
  },
  "addresses": {
    about: "objects' addresses are renamed by first appearance",
    apply: rename(/\b0x[0-9a-f]{1,16}\b/g, "address"),
  },
  "cpu-count": {
    about: "the number of processors is the machine's",
    apply: replace(/^(Number of processors: {1,9})\d{1,9}$/, "$1n"),
  },
  "seconds": {
    about: "the time is compared as a time",
    apply: replace(FINISHED, "Finished in s seconds"),
  },
  "cut": {
    about: "the record breaks off, and what is here begins with it",
    apply: cut,
  },
  "order:exact": {
    about: "lines come in the recorded order",
    apply: (sides) => sides,
  },
  "order:any": {
    about: "lines come in any order, the one about the time last",
    apply: each(sortButLast),
  },
  "order:per-thread": {
    about: "each thread's lines come in their order",
    apply: each(byThread),
  },
  "order:partial": {
    about: "each end comes after its start",
    apply: each(partial),
  },
};

/**
 * Checks that no rule is listed twice, and that at most one of them is about the order.
 *
 * @param names The rules' names.
 * @param path Their path in the record.
 * @throws {SchemaError} If that doesn't hold.
 */
export function checkRules(names: string[], path: string): void {
  for (const [i, name] of names.entries()) {
    if (names.indexOf(name) === i) continue;
    throw new SchemaError(
      `${path}[${i}]`,
      "a rule that isn't listed yet",
      name,
    );
  }
  const orders = names.filter(isOrder);
  if (orders.length > 1) {
    throw new SchemaError(path, "rules with at most one order", orders);
  }
}

/**
 * Applies rules to both sides. A rule is used if it changes one of the sides. A rule about
 * the order is used if a side has different lines, which could have another order.
 *
 * @param names The rules' names, which {@linkcode checkRules} has checked.
 * @param sides The recorded lines, and the lines here.
 * @returns Both sides. They are equal if the output is reproduced.
 */
export function applyRules(names: string[], sides: Sides): Compared {
  const used: string[] = [];
  let { recorded, here } = sides;
  for (const name of Object.keys(rules).filter((n) => names.includes(n))) {
    const next = rules[name].apply({ recorded, here });
    const isUsed = isOrder(name)
      ? new Set(recorded).size > 1 || new Set(here).size > 1
      : !isSame(recorded, next.recorded) || !isSame(here, next.here);
    if (isUsed) used.push(name);
    ({ recorded, here } = next);
  }
  return { recorded, here, used };
}

/** Whether two texts have the same lines. */
export function isSame(a: string[], b: string[]): boolean {
  return a.length === b.length && a.every((line, i) => line === b[i]);
}

function isOrder(name: string): boolean {
  return name.startsWith("order:");
}
