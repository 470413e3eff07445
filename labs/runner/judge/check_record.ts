// Copyright 2026 the lab9 authors. MIT license.

import type { RecordedCell, RecordedLab } from "./record.ts";
import { checkRules, rules } from "./rules.ts";
import {
  type Check,
  list,
  nullable,
  object,
  SchemaError,
  value,
} from "./schema.ts";
import { UsageError } from "../usage_error.ts";

const text = value("a string", (x) => typeof x === "string");
const flag = value("true or false", (x) => typeof x === "boolean");
const seconds = value(
  "seconds, from 0 up to 86400",
  (x) => typeof x === "number" && x >= 0 && x <= 86_400,
);
const workers = value(
  "a whole number from 1 to 64",
  (x) => Number.isInteger(x) && (x as number) >= 1 && (x as number) <= 64,
);
const rule = value(
  `one of the rules ${Object.keys(rules).join(", ")}`,
  (x) => typeof x === "string" && Object.hasOwn(rules, x),
);

function idOf(lab: string): Check {
  return value(
    `'${lab}:' and a number or a name, as '${lab}:7'`,
    (x) =>
      typeof x === "string" && x.startsWith(`${lab}:`) &&
      /^\w{1,40}$/.test(x.slice(lab.length + 1)),
  );
}

function labCheck(lab: string): Check {
  const id = idOf(lab);
  const cell = object({
    id,
    source: text,
    output: text,
    seconds: nullable(seconds),
    rules: list(rule),
  }, {
    time: object({}, {
      sleeps: value("true, or left out", (x) => x === true),
      fasterThan: id,
      noFasterThan: id,
      workers,
    }),
    quick: object({}, { seconds }),
    unrecorded: flag,
    beside: id,
  });
  return object({
    lab: value(`'${lab}'`, (x) => x === lab),
    cells: list(cell),
  }, {
    own: list(id),
    sentence: object({ cell: id, text }),
  });
}

/**
 * Checks that a lab can be compared with its record: the record has all fields, its rules
 * are known, and its times can be judged.
 *
 * @param record The record of a lab.
 * @param lab The lab's name.
 * @param file The record's name in messages.
 * @returns The same record.
 * @throws {UsageError} If it can't be compared with.
 */
export function checkRecord(
  record: unknown,
  lab: string,
  file = `the record of ${lab}`,
): RecordedLab {
  try {
    labCheck(lab)(record, "");
    checkMeaning(record as RecordedLab);
  } catch (error) {
    if (!(error instanceof SchemaError)) throw error;
    throw new UsageError(`Cannot compare with ${file}: ${error.message}`);
  }
  return record as RecordedLab;
}

/** Checks the relations between fields, each of which is right by itself. */
function checkMeaning({ cells, own = [], sentence }: RecordedLab): void {
  if (cells.length + own.length === 0) {
    throw new SchemaError("cells", "a list of at least one cell", cells);
  }
  const places = new Map<string, string>();
  const ids: [string, string][] = [
    ...cells.map(({ id }, i): [string, string] => [id, `cells[${i}].id`]),
    ...own.map((id, i): [string, string] => [id, `own[${i}]`]),
  ];
  for (const [id, path] of ids) {
    const first = places.get(id);
    if (first !== undefined) {
      throw new SchemaError(path, `another id than that of ${first}`, id);
    }
    places.set(id, path);
  }
  if (sentence && !cells.some(({ id }) => id === sentence.cell)) {
    throw new SchemaError("sentence.cell", "a cell of the lab", sentence.cell);
  }
  cells.forEach((cell, i) => {
    checkRules(cell.rules, `cells[${i}].rules`);
    checkTime(cell, cells, `cells[${i}]`);
  });
}

function checkTime(
  { id, time, seconds, quick, unrecorded = false }: RecordedCell,
  cells: RecordedCell[],
  path: string,
): void {
  if (time === undefined) return;
  const { sleeps, fasterThan, noFasterThan } = time;
  const asked = [sleeps, fasterThan, noFasterThan].filter((x) => x);
  if (asked.length !== 1) {
    throw new SchemaError(
      `${path}.time`,
      "one of 'sleeps', 'fasterThan' and 'noFasterThan'",
      time,
    );
  }
  if (seconds === null && (sleeps || !unrecorded)) {
    throw new SchemaError(
      `${path}.seconds`,
      "a number: the cell's time is judged",
      seconds,
    );
  }
  if (sleeps && quick !== undefined && quick.seconds === undefined) {
    throw new SchemaError(
      `${path}.quick.seconds`,
      "a number: the cell's time is judged",
      quick.seconds,
    );
  }
  if (sleeps) return;
  const field = fasterThan === undefined ? "noFasterThan" : "fasterThan";
  const than = cells.find((cell) => cell.id === time[field]);
  if (than === undefined || than.id === id || than.seconds === null) {
    throw new SchemaError(
      `${path}.time.${field}`,
      "another cell, which has seconds",
      time[field],
    );
  }
}

/**
 * Reads a lab's record.
 *
 * @param file The record.
 * @param lab The lab's name.
 * @param name The file's name in messages.
 * @throws {UsageError} If it can't be read, is not JSON, or can't be compared with.
 */
export async function readRecord(
  file: URL,
  lab: string,
  name: string,
): Promise<RecordedLab> {
  let record: unknown;
  try {
    record = JSON.parse(await Deno.readTextFile(file));
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    throw new UsageError(`Cannot read ${name}: ${error.message}`);
  }
  return checkRecord(record, lab, name);
}
