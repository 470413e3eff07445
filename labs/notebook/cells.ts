// Copyright 2026 the lab9 authors. MIT license.

/**
 * The cells of a lab. Its script adds them.
 *
 * @module
 */

import { chosen } from "./chosen.ts";
import { FlagError, SWITCH_INTERVAL } from "./flags.ts";
import { WITHOUT_LOCK } from "./prose.ts";

/** What a cell can see of the flags. */
export interface CellContext {
  /** How many workers the lab is run with. */
  workers: number;
  /** Whether the cells use smaller counts, for a first look. */
  quick: boolean;
  /**
   * After how many seconds a thread asks for the interpreter lock; null if there is no
   * lock.
   */
  switchInterval: number | null;
  /**
   * How many seconds a thread sleeps, if the page's reader has set it.
   *
   * @default {the lab's own}
   */
  seconds?: number;
  /**
   * How many items there are, if the page's reader has set it.
   *
   * @default {the lab's own}
   */
  items?: number;
}

/** The number of a cell in the notebook, or the name of one of our own. */
export type CellId = number | string;

/** Options of {@linkcode cell}. */
export interface CellOptions {
  /**
   * The earlier cells that have to run before.
   *
   * @default {[]}
   */
  needs?: CellId[];
  /**
   * How many workers are started before the cell. Their start is not part of the cell's
   * time, because the notebook's threads start at once.
   *
   * @default {0}
   */
  prestart?: number | ((context: CellContext) => number);
  /**
   * How many seconds the lab waits after the cell. Threads that the cell has started may
   * still print something, as they did in the notebook before the next cell was run. On a
   * busy machine the lab waits longer, until the threads wait, too.
   *
   * @default {0}
   */
  pause?: number;
}

/** A cell's code. A cell that only defines functions has none: the module defines them. */
export type CellBody = (context: CellContext) => void | Promise<void>;

/** A cell with all its options. */
export interface Cell extends Required<CellOptions> {
  id: string;
  title: string;
  body: CellBody;
}

const cells: Cell[] = [];

/**
 * Adds a cell to the lab. Nothing runs before {@linkcode runLab} is called.
 *
 * @param id The cell's number in the notebook.
 * @param title What the cell does, for its heading.
 * @param options What the cell depends on.
 * @param body The cell's code.
 */
export function cell(
  id: CellId,
  title: string,
  options: CellOptions = {},
  body: CellBody = () => {},
): void {
  const { needs = [], prestart = 0, pause = 0 } = options;
  cells.push({ id: String(id), title, needs, prestart, pause, body });
}

/** How many workers are started before a cell. */
export function prestartOf({ prestart }: Cell, context: CellContext): number {
  return typeof prestart === "number" ? prestart : prestart(context);
}

/**
 * The chosen cells and those that they depend on, in the notebook's order. If none is
 * chosen, these are all cells.
 */
export function select(selection: string[]): Cell[] {
  if (selection.length === 0) return cells;
  const ids = new Set(selection.flatMap(idsOf));
  for (const { id, needs } of cells.toReversed()) {
    if (ids.has(id)) needs.forEach((need) => ids.add(String(need)));
  }
  return cells.filter(({ id }) => ids.has(id));
}

/**
 * The chosen cells. If the number of workers or the interpreter lock is not the default,
 * the titles say so.
 */
export function selectTitled(
  selection: string[],
  context: CellContext,
  { workers, hasGil = false }: { workers: number; hasGil?: boolean },
): Cell[] {
  const lock = hasGil ? suffixOf(context) : "";
  const count = context.workers === workers
    ? ""
    : `, --workers ${context.workers}`;
  return select(selection).map((cell) => {
    const counted = typeof cell.prestart === "function" ? count : "";
    return { ...cell, title: cell.title + counted + lock };
  });
}

/** The end of a title if the interpreter lock is not the default. */
function suffixOf({ switchInterval }: CellContext): string {
  if (switchInterval === null) return WITHOUT_LOCK;
  return switchInterval === SWITCH_INTERVAL
    ? ""
    : `, switch interval ${switchInterval} s`;
}

function idsOf(choice: string): string[] {
  const known = [...new Set(cells.map(({ id }) => id))];
  const found = chosen(choice, known);
  if ("ids" in found) return found.ids;
  throw new FlagError(
    `Cannot run cell '${found.unknown}': the cells are ${known.join(", ")}` +
      (known.length < 2 ? "" : `, or a range such as ${known[0]}-${known[1]}`),
  );
}

/** The cells, one a line. */
export function list(): string {
  const width = Math.max(...cells.map(({ id }) => id.length)) + 2;
  return cells
    .map(({ id, title }) => `${`[${id}]`.padEnd(width)}  ${title}`)
    .join("\n");
}
