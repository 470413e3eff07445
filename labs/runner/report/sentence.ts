// Copyright 2026 the lab9 authors. MIT license.

import type { RecordedLab } from "../judge/record.ts";
import { overall, type Row, secondsOf, speedOf } from "./rows.ts";
import type { Speed, Timing } from "../judge/timing.ts";

/**
 * The result of a lab in a sentence: what the lab shows, with the time here and in the
 * notebook. Without a time, it is how many cells were reproduced.
 *
 * @param lab The lab.
 * @param rows Its cells.
 */
export function sentenceOf({ sentence }: RecordedLab, rows: Row[]): string {
  const row = rows.find(({ id }) => id === sentence?.cell);
  if (sentence === undefined || row === undefined) return count(rows);
  // A cell that wasn't judged shows nothing.
  if (["skipped", "inconclusive"].includes(overall(row))) return count(rows);
  if (!sentence.text.includes("*")) {
    return overall(row) === "reproduced" ? `${sentence.text}.` : count(rows);
  }
  const speed = speedOf(row)?.median;
  const seconds = secondsOf(row)?.median;
  const { timing, quick } = row.verdicts[0];
  if (speed !== undefined) {
    const text = sentence.text.replace("*", `${comparison(speed)} than`);
    return `${text} (${aside(speed, timing.speed!)}).`;
  }
  if (seconds === undefined) return count(rows);
  const text = sentence.text.replace("*", `${seconds.toFixed(1)} seconds`);
  const recorded = timing.recorded!.toFixed(1);
  return `${text} (${quick ? "with --quick" : "notebook"}: ${recorded}).`;
}

/** How much faster or slower: `1.93 times faster`. */
export function comparison(speed: number): string {
  return speed >= 1
    ? `${speed.toFixed(2)} times faster`
    : `${(1 / speed).toFixed(2)} times slower`;
}

function aside(here: number, { recorded, limit, canWin }: Speed): string {
  const notes: string[] = [];
  if (recorded !== undefined) {
    const text = comparison(recorded);
    const isSameWay = (recorded >= 1) === (here >= 1);
    notes.push(`notebook: ${isSameWay ? text.split(" ")[0] : text}`);
  }
  if (canWin) notes.push(`limit here: ${limit.toFixed(2)}`);
  return notes.join(", ");
}

function count(rows: Row[]): string {
  if (rows.every((row) => overall(row) === "skipped")) {
    return rows.length === 1
      ? "The cell wasn't judged."
      : `None of ${rows.length} cells was judged.`;
  }
  const reproduced = rows.filter((row) => overall(row) === "reproduced");
  const differing = rows.filter((row) => overall(row) === "differs");
  const cells = rows.length === 1 ? "cell was" : "cells were";
  const text = `${reproduced.length} of ${rows.length} ${cells} reproduced`;
  const unclear = rows.filter((row) => overall(row) === "inconclusive");
  const skipped = rows.filter((row) => overall(row) === "skipped");
  const notes = [
    ...differing.length === 0
      ? []
      : [`not ${differing.map(({ id }) => id).join(", ")}`],
    ...unclear.length === 0
      ? []
      : [`${unclear.map(({ id }) => id).join(", ")} inconclusive`],
    ...skipped.length === 0 ? [] : [`${skipped.length} skipped`],
  ];
  return `${[text, ...notes].join(", ")}.`;
}

/** How many times faster, here and in the notebook. */
export function speedText({ speed }: Timing): string | undefined {
  if (speed === undefined) return undefined;
  const { median, low, high, count, recorded, than } = speed;
  const times = (factor: number) => `×${factor.toFixed(2)}`;
  return `${times(median)} of ${than}` +
    (count > 1 ? `, ${times(low)} to ${times(high)} in ${count}` : "") +
    (recorded === undefined ? "" : ` (notebook: ${times(recorded)})`);
}
