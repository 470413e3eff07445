// Copyright 2026 the lab9 authors. MIT license.

import type { State } from "../../notebook/timeline.ts";
import type { Segment } from "./lanes.ts";

/** A state is not seen if none of so many columns on either side shows it. */
const NEAR = 3;

/** What a column shows: a state, or undefined while there is no thread. */
export type Column = State | undefined;

/** The part of a column that each state takes. */
type Shares = Map<Column, number>;

/**
 * Chooses the state that each column shows of a lane. If states alternate faster than the
 * columns can show, each of them gets columns in proportion to its time. A state that is
 * too short for a column gets one, too.
 *
 * @param segments The lane's segments.
 * @param duration The time that the columns show, in milliseconds.
 * @param count How many columns there are.
 */
export function columnsOf(
  segments: Segment[],
  duration: number,
  count: number,
): Column[] {
  const shares = sharesOf(segments, duration / count, count);
  const columns = inProportion(shares);
  shares.forEach((share, i) => {
    const keeps = columns[i] === undefined || columns[i] === columns[i - 1] ||
      columns[i] === columns[i + 1];
    const near = columns.slice(Math.max(0, i - NEAR), i + NEAR + 1);
    const unseen = [...share.keys()].findLast((state) =>
      state !== undefined && !near.includes(state)
    );
    if (keeps && unseen !== undefined) columns[i] = unseen;
  });
  return columns;
}

function sharesOf(segments: Segment[], width: number, count: number): Shares[] {
  let first = 0;
  return Array.from({ length: count }, (_, i) => {
    const from = i * width;
    const to = from + width;
    const shares: Shares = new Map();
    let idle = 1;
    while (segments[first]?.end <= from) first++;
    for (let k = first; segments[k]?.start < to; k++) {
      const { state, start, end } = segments[k];
      const share = (Math.min(end, to) - Math.max(start, from)) / width;
      shares.set(state, (shares.get(state) ?? 0) + share);
      idle -= share;
    }
    // A rounding error is no idle time.
    if (idle > 1e-9) shares.set(undefined, idle);
    return shares;
  });
}

/**
 * Gives each column to the state with the largest debt. The share of a column that a state
 * doesn't get is added to its debt.
 */
function inProportion(shares: Shares[]): Column[] {
  let owed: Shares = new Map();
  return shares.map((share) => {
    owed = new Map(
      [...share].map(([state, part]) => [state, part + (owed.get(state) ?? 0)]),
    );
    const most = Math.max(...owed.values());
    const state = [...owed.keys()].find((state) => owed.get(state) === most);
    owed.set(state, most - 1);
    return state;
  });
}

/** Neighbouring columns with the same state. */
export interface Run {
  column: Column;
  from: number;
  length: number;
}

/** Joins neighbouring columns with the same state. */
export function runsOf(columns: Column[]): Run[] {
  const runs: Run[] = [];
  columns.forEach((column, from) => {
    const last = runs.at(-1);
    if (last !== undefined && last.column === column) last.length++;
    else runs.push({ column, from, length: 1 });
  });
  return runs;
}
