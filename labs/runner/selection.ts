// Copyright 2026 the lab9 authors. MIT license.

import type { RecordedCell, RecordedLab } from "./judge/record.ts";
import { UsageError } from "./usage_error.ts";

/** The cells of a lab that a run is about. */
export interface Selection<Lab extends RecordedLab = RecordedLab> {
  lab: Lab;
  /** The cells' ids, `pool:9`, in the notebook's order. */
  cells: string[];
}

/** The ids of all cells of a lab, with those that the notebook doesn't have. */
export function cellsOf({ cells, own = [] }: RecordedLab): string[] {
  return [...cells.map(({ id }) => id), ...own];
}

/**
 * Reads what was chosen: `queue`, `threads:7` or `gil:34-36`. Nothing is all.
 *
 * @param parts What was chosen, in any order.
 * @param labs The labs that there are.
 * @returns The chosen labs, in their order.
 * @throws {UsageError} If there is no such lab or cell.
 */
export function select<Lab extends RecordedLab>(
  parts: string[],
  labs: Lab[],
): Selection<Lab>[] {
  const chosen = new Set(
    parts.length === 0
      ? labs.flatMap(cellsOf)
      : parts.flatMap((part) => idsOf(part, labs)),
  );
  return labs
    .map((lab) => ({ lab, cells: cellsOf(lab).filter((id) => chosen.has(id)) }))
    .filter(({ cells }) => cells.length > 0);
}

function idsOf(part: string, labs: RecordedLab[]): string[] {
  const [, name, cell] = /^([^:]*)(?::(.*))?$/s.exec(part)!;
  const lab = labs.find(({ lab }) => lab === name);
  if (lab === undefined) {
    throw new UsageError(
      `Cannot run lab '${name}': the labs are ` +
        labs.map(({ lab }) => lab).join(", "),
    );
  }
  const ids = cellsOf(lab);
  if (cell === undefined) return ids;
  const range = /^(\d+)-(\d+)$/.exec(cell);
  const isMeant = range === null
    ? (id: string) => id === cell
    : (id: string) => Number(id) >= +range[1] && Number(id) <= +range[2];
  const meant = ids.filter((id) => isMeant(numberOf(id)));
  if (meant.length > 0) return meant;
  const known = ids.map(numberOf);
  throw new UsageError(
    `Cannot run cell '${part}': the cells of ${name} are ` +
      `${known.join(", ")}, or a range such as ${name}:${known[0]}-${known[1]}`,
  );
}

/** The lab's flags for a selection: with the cells that it is compared with. */
export function flagsOf({ lab, cells }: Selection): string[] {
  if (cells.length === cellsOf(lab).length) return [];
  const compared = cells.map((id) => comparedWith(findCell(lab, id)));
  const ids = new Set([...cells, ...compared.filter((id) => id !== undefined)]);
  return ["--cell", [...ids].map(numberOf).join(",")];
}

/** The record of a cell; of our own cells there is none. */
export function findCell(
  { cells }: RecordedLab,
  id: string,
): RecordedCell | undefined {
  return cells.find((cell) => cell.id === id);
}

/** The cell whose time a cell's is compared with. */
export function comparedWith(cell?: RecordedCell): string | undefined {
  return cell?.time?.fasterThan ?? cell?.time?.noFasterThan;
}

/** A cell's number in the lab, or its name: `9` of `pool:9`. */
export function numberOf(id: string): string {
  return id.slice(id.indexOf(":") + 1);
}
