// Copyright 2026 the lab9 authors. MIT license.

/**
 * Runs the cells of a lab's script: their headings, and the cells that they depend on.
 *
 * @module
 */

import { styleText } from "node:util";
import { prestartWorkers } from "../../lib/thread/thread.ts";
import { prestartOf, selectTitled } from "./cells.ts";
import { FlagError } from "./flags.ts";
import {
  commandOf,
  type Flags,
  type LabOptions,
  readFlags,
} from "./lab_flags.ts";
import { pause } from "./pause.ts";
import { proseLines, proseOf } from "./prose.ts";

export {
  cell,
  type CellBody,
  type CellContext,
  type CellId,
  type CellOptions,
} from "./cells.ts";
export type { LabOptions } from "./lab_flags.ts";

/**
 * The time, in seconds since the program's start. Python's `time.time`.
 *
 * @returns Seconds.
 */
export function time(): number {
  return performance.now() / 1000;
}

/**
 * Runs the lab's cells as the command line says, then ends the process.
 *
 * @param options What the lab is.
 * @param args The command line.
 */
export async function runLab(
  options: LabOptions,
  args: string[] = Deno.args,
): Promise<never> {
  try {
    const flags = readFlags(options, args);
    if (flags !== undefined) await runCells(flags, options);
  } catch (error) {
    if (!(error instanceof FlagError)) throw error;
    console.error(`${error.message}\n\nSee ${commandOf(options)} --help`);
    Deno.exit(2);
  }
  // Threads may be left that wait for ever. A notebook's kernel keeps them alive, but a
  // script ends.
  Deno.exit(0);
}

/** Starts a worker, so that the error about a missing flag is printed before all else. */
async function startFirstWorker(): Promise<void> {
  try {
    await prestartWorkers(1);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotCapable)) throw error;
    console.error(error.message);
    Deno.exit(1);
  }
}

async function runCells(
  { selection, events, step, plain, ...context }: Flags,
  lab: LabOptions,
): Promise<void> {
  const selected = selectTitled(selection, context, lab);
  if (events) {
    const { runObserved } = await loadObserved();
    return await runObserved(selected, context, step);
  }
  if (selected.some((cell) => prestartOf(cell, context) > 0)) {
    await startFirstWorker();
  }
  const isPlain = Deno.noColor || !Deno.stdout.isTerminal();
  for (const cell of selected) {
    await prestartWorkers(prestartOf(cell, context));
    const heading = `In [${cell.id}]: ${cell.title}`;
    console.log(isPlain ? heading : styled(["green", "bold"], heading));
    const prose = plain
      ? undefined
      : proseOf(`${lab.name}:${cell.id}`, cell.title);
    if (prose !== undefined) {
      const text = proseLines(prose, narrow()).join("\n");
      console.log(isPlain ? text : styled("dim", text));
    }
    await cell.body(context);
    await pause(cell.pause);
    console.log();
  }
}

/** How wide prose may be on a narrow terminal; undefined on any other output. */
function narrow(): number | undefined {
  if (!Deno.stdout.isTerminal()) return undefined;
  const { columns } = Deno.consoleSize();
  // A terminal may not know its size.
  return columns > 0 && columns < 80 ? columns : undefined;
}

/** Loads what only the runner needs, so that a lab by itself starts faster. */
async function loadObserved() {
  try {
    return await import("./observed.ts");
  } catch (cause) {
    const why = "a copy has no part for `deno task labs`";
    throw new FlagError(`Cannot take --events: ${why}`, { cause });
  }
}

function styled(format: Parameters<typeof styleText>[0], text: string): string {
  return styleText(format, text, { validateStream: false });
}
