// Copyright 2026 the lab9 authors. MIT license.

import { chosen } from "../notebook/chosen.ts";
import type { RecordedCell, RecordedLab } from "./judge/record.ts";
import { UsageError } from "./usage_error.ts";

/** A chosen cell, with its record. */
export interface ChosenCell {
  /** The lab and the cell's number: `pool:9`. */
  id: string;
  /** The cell's number in the lab, or its name: `9`. */
  number: string;
  /** The cell's record; undefined for a cell of our own. */
  recorded?: RecordedCell;
  /** The cell whose time this one's is compared with. */
  than?: RecordedCell;
}

/** The cell whose time axis a cell's pictures have. It may be the cell itself. */
export function axisOf(id: string, recorded?: RecordedCell): string {
  const { time, beside } = recorded ?? {};
  return time?.fasterThan ?? time?.noFasterThan ?? beside ?? id;
}

/** The chosen cells of a lab. */
export interface Selection<Lab extends RecordedLab = RecordedLab> {
  lab: Lab;
  /** In the notebook's order. */
  cells: ChosenCell[];
}

/** All cells of a lab, also those that the notebook doesn't have. */
export function cellsOf({ cells, own = [] }: RecordedLab): ChosenCell[] {
  return [
    ...cells.map((recorded) => {
      const { id, time } = recorded;
      const other = time?.fasterThan ?? time?.noFasterThan;
      const than = other === undefined
        ? undefined
        : cells.find((cell) => cell.id === other);
      return { id, number: numberOf(id), recorded, than };
    }),
    ...own.map((id) => ({ id, number: numberOf(id) })),
  ];
}

/** A cell's number in its lab, or its name: `9` of `pool:9`. */
export function numberOf(id: string): string {
  return id.slice(id.indexOf(":") + 1);
}

/** The labs that were chosen by name. If none was chosen, these are the notebook's. */
export function chosenLabs<Lab extends { lab: string; isOwn?: boolean }>(
  parts: string[],
  labs: Lab[],
): Lab[] {
  if (parts.length === 0) return labs.filter(({ isOwn }) => !isOwn);
  const names = parts.map((part) => part.split(":")[0]);
  for (const name of names) {
    if (labs.some(({ lab }) => lab === name)) continue;
    const hint = /^[\d,-]+$/.test(name)
      ? `; a cell is named with its lab, as in queue:${name}`
      : "";
    throw new UsageError(
      `Cannot run lab '${name}': the labs are ` +
        labs.map(({ lab }) => lab).join(", ") + hint,
    );
  }
  return labs.filter(({ lab }) => names.includes(lab));
}

/**
 * Reads a choice: `queue`, `threads:7`, `gil:34-36` or `queue:13,17`. If nothing is chosen,
 * all labs are.
 *
 * @param parts The choice, in any order.
 * @param labs All labs.
 * @returns The chosen labs, in their order.
 * @throws {UsageError} If there is no such lab or cell.
 */
export function select<Lab extends RecordedLab>(
  parts: string[],
  labs: Lab[],
): Selection<Lab>[] {
  return chosenLabs(parts, labs).map((lab) => {
    const cells = cellsOf(lab);
    const own = parts.filter((part) => part.split(":")[0] === lab.lab);
    const numbers = new Set(own.flatMap((part) => numbersOf(part, cells)));
    const isAll = parts.length === 0;
    return {
      lab,
      cells: cells.filter(({ number }) => isAll || numbers.has(number)),
    };
  });
}

function numbersOf(part: string, cells: ChosenCell[]): string[] {
  const known = cells.map(({ number }) => number);
  const colon = part.indexOf(":");
  if (colon < 0) return known;
  const found = chosen(part.slice(colon + 1), known);
  if ("ids" in found) return found.ids;
  const lab = part.slice(0, colon);
  throw new UsageError(
    `Cannot run cell '${lab}:${found.unknown}': the cells of ${lab} are ` +
      known.join(", ") +
      (known.length < 2
        ? ""
        : `, or a range such as ${lab}:${known[0]}-${known[1]}`),
  );
}

/** A lab's flags for its chosen cells, and for the cells that they are compared with. */
export function flagsOf({ lab, cells }: Selection): string[] {
  if (cells.length === cellsOf(lab).length) return [];
  const numbers = cells.flatMap(({ number, than }) =>
    than === undefined ? [number] : [number, numberOf(than.id)]
  );
  return ["--cell", [...new Set(numbers)].join(",")];
}
