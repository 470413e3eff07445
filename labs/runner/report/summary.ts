// Copyright 2026 the lab9 authors. MIT license.

import { bold, dim, green, red, yellow } from "@std/fmt/colors";
import {
  describeRow,
  overall,
  type Row,
  rowsOf,
  secondsOf,
  speedOf,
  type Spread,
} from "./rows.ts";
import type { LabResult } from "../result.ts";
import { sentenceOf } from "./sentence.ts";
import { type Column, table, wrap } from "./table.ts";
import type { Verdict } from "../judge/verdict.ts";

const MARKS = {
  reproduced: "✓",
  differs: "✗",
  inconclusive: "?",
  skipped: "–",
};
const LABELS = {
  reproduced: "reproduced",
  differs: "different",
  inconclusive: "inconclusive",
  skipped: "skipped",
};
const COLORS = {
  reproduced: green,
  differs: red,
  inconclusive: yellow,
  skipped: dim,
};

/** How many columns a terminal needs for more columns of the table. */
const ROOM_FOR_SPEED = 70;
const ROOM_FOR_INTERVAL = 100;
const ROOM_FOR_TITLE = 160;

/**
 * Formats the summary: a table with a row for each cell, and a sentence for each lab.
 *
 * @param results The runs of the labs.
 * @param width How many columns of the terminal there are.
 */
export function summary(results: LabResult[], width: number): string {
  const rows = rowsOf(results);
  return [
    table(...cellTable(rows, width), width),
    "",
    ...sentences(results, width),
    "",
    ...pythonNotes(rows, width),
    ...measuring(results, width),
    totals(results),
  ].join("\n");
}

function cellTable(rows: Row[], width: number): [Column[], string[][]] {
  const hasTitle = width >= ROOM_FOR_TITLE;
  const hasSpeed = width >= ROOM_FOR_SPEED;
  const hasInterval = width >= ROOM_FOR_INTERVAL &&
    rows.some(({ verdicts: [{ timing }] }) => timing.speed !== undefined);
  const hasPython = rows.some(({ python }) => python !== undefined);
  const isRepeated = rows.some(({ verdicts }) => verdicts.length > 1);
  const columns: [boolean, Column, (row: Row) => string][] = [
    [true, { title: "Cell" }, ({ id }) => id],
    [hasTitle, { title: "" }, ({ title }) => title],
    [true, verdictColumn(rows), (row) => `${marks(row)} ${describeRow(row)}`],
    [true, { title: "Here", align: "right" }, here],
    [isRepeated, { title: "Spread", align: "right" }, range],
    [hasSpeed, { title: "", align: "right" }, (row) => times(speedOf(row))],
    [hasInterval, { title: "", align: "right" }, interval],
    [hasPython, { title: "Python here", align: "right" }, inPython],
    [hasPython && hasSpeed, { title: "", align: "right" }, pythonTimes],
    [true, { title: "Notebook", align: "right" }, recorded],
    [hasSpeed, { title: "", align: "right" }, recordedTimes],
  ];
  const shown = columns.filter(([isShown]) => isShown);
  return [
    shown.map(([, column]) => column),
    rows.map((row) => shown.map(([, , text]) => text(row))),
  ];
}

function verdictColumn(rows: Row[]): Column {
  return {
    title: "Verdict",
    wraps: true,
    color: (text, i) => COLORS[overall(rows[i])](text),
  };
}

/** If there are more runs, only one mark is shown. */
const MOST_MARKS = 10;

function marks(row: Row): string {
  const { verdicts } = row;
  if (verdicts.length > MOST_MARKS) return MARKS[overall(row)];
  return verdicts.map(({ verdict }) => MARKS[verdict]).join("");
}

/** Formats seconds: with one decimal for cells that sleep, otherwise with two. */
function seconds(value: number, { timing }: Verdict): string {
  return value.toFixed(timing.sleeps ? 1 : 2);
}

function here(row: Row): string {
  const spread = secondsOf(row);
  return spread ? `${seconds(spread.median, row.verdicts[0])} s` : "";
}

function range(row: Row): string {
  const spread = secondsOf(row);
  if (spread === undefined) return "";
  const [least, most] = [spread.least, spread.most]
    .map((value) => seconds(value, row.verdicts[0]));
  return `${least}–${most}`;
}

function recorded({ verdicts: [verdict] }: Row): string {
  const { recorded } = verdict.timing;
  return recorded === null ? "" : `${seconds(recorded, verdict)} s`;
}

function recordedTimes({ verdicts: [{ timing }] }: Row): string {
  const recorded = timing.speed?.recorded;
  return recorded === undefined ? "" : `×${recorded.toFixed(2)}`;
}

/** The interval of the ratio, and how many ratios there were, in the first run. */
function interval({ verdicts: [{ timing: { speed } }] }: Row): string {
  if (speed === undefined || speed.count < 2) return "";
  return `${speed.low.toFixed(2)}–${speed.high.toFixed(2)} of ${speed.count}`;
}

function inPython({ python, verdicts: [verdict] }: Row): string {
  if (python === undefined) return "";
  const { seconds: taken } = python;
  const mark = MARKS[python.verdict];
  return taken === null ? mark : `${mark} ${seconds(taken, verdict)} s`;
}

function pythonTimes({ python }: Row): string {
  return python?.speed === undefined ? "" : `×${python.speed.toFixed(2)}`;
}

function times(spread?: Spread): string {
  return spread ? `×${spread.median.toFixed(2)}` : "";
}

function sentences(results: LabResult[], width: number): string[] {
  const labs = [...new Set(results.map(({ lab }) => lab))];
  return labs.flatMap((lab) => {
    const own = results.filter((result) => result.lab === lab);
    const failures = own.flatMap(({ failure }) =>
      failure === undefined ? [] : [` But ${failure}.`]
    );
    const text = sentenceOf(lab, rowsOf(own)) + failures.join("");
    const name = lab.lab.padEnd(9);
    return wrap(text, width - name.length).map((line, i) =>
      (i === 0 ? bold(name) : " ".repeat(name.length)) + line
    );
  });
}

/** Notes about the notebook's cells that did something else in this machine's Python. */
function pythonNotes(rows: Row[], width: number): string[] {
  return rows.flatMap(({ id, python }) =>
    python?.reason === undefined
      ? []
      : wrap(`${id} in Python: ${python.verdict} (${python.reason})`, width)
  );
}

/** How long times were compared, and how much other programs used the processors. */
function measuring(results: LabResult[], width: number): string[] {
  const spent = results.reduce((sum, { spent = 0 }) => sum + spent, 0);
  const others = results.flatMap(({ cells }) => cells)
    .map(({ verdict }) => verdict.others ?? 0);
  const most = Math.max(0, ...others);
  const notes = [
    ...spent > 0
      ? [`Times were compared in turns for ${spent.toFixed(1)} seconds.`]
      : [],
    ...most >= 0.25
      ? [
        `Other programs used up to ${most.toFixed(1)} of ` +
        `${navigator.hardwareConcurrency} processors.`,
      ]
      : [],
  ];
  return notes.length === 0 ? [] : [...wrap(notes.join(" "), width), ""];
}

/** How many cells have each verdict. */
export function totals(results: LabResult[]): string {
  const kinds = rowsOf(results).map(overall);
  return (["reproduced", "differs", "inconclusive", "skipped"] as const)
    .map((kind) => [kind, kinds.filter((k) => k === kind).length] as const)
    .filter(([, count]) => count > 0)
    .map(([kind, count]) => COLORS[kind](`${count} ${LABELS[kind]}`))
    .join(", ");
}
