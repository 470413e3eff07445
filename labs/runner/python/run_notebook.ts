// Copyright 2026 the lab9 authors. MIT license.

import { fileURLToPath } from "node:url";
import { joined } from "../run/transcript.ts";
import type { RecordedLab } from "../judge/record.ts";
import { type Machine, secondsOf } from "../judge/timing.ts";
import { judge, type Verdict } from "../judge/verdict.ts";
import { RECORD_SEPARATOR } from "../../notebook/timeline.ts";
import { runProcess } from "../run/lab_process.ts";
import { cellsOf, type ChosenCell } from "../selection.ts";

/** A cell of the notebook that was run in this machine's Python. */
export interface PythonCell {
  output: string;
  seconds: number | null;
  /** How many times faster it was than the cell that it is compared with. */
  speed?: number;
  /** Whether it did what the notebook recorded. Ratios are shown, but not judged. */
  verdict: Verdict["verdict"];
  reason?: string;
}

/** The run of the notebook in this machine's Python. */
export interface PythonRun {
  /** The versions of Python and numpy, or why there is no Python. */
  about: string;
  cells: Map<string, PythonCell>;
}

/** An event that the script prints. */
type PythonEvent =
  | { type: "python"; version: string; numpy: string | null }
  | { type: "start"; id: string }
  | { type: "end"; id: string }
  | { type: "failed"; id: string; reason: string };

interface Raw {
  lines: string[];
  reason?: string;
}

/**
 * Runs all cells of some labs in this machine's Python, in the notebook's order, because a
 * cell needs the definitions of those before it.
 *
 * @param labs The records of the labs.
 * @param signal Ends the run.
 * @param onCell Is called when a cell begins.
 */
export async function runNotebook(
  labs: RecordedLab[],
  signal: AbortSignal,
  onCell: (id: string) => void,
): Promise<PythonRun> {
  const key = crypto.randomUUID();
  const request = { key, cells: labs.flatMap(sourcesOf) };
  const cells = new Map<string, Raw>();
  let about = "";
  let current: Raw | undefined;
  const onEvent = (event: PythonEvent) => {
    switch (event.type) {
      case "python":
        about = `Python ${event.version}, ` +
          (event.numpy === null ? "without numpy" : `numpy ${event.numpy}`);
        break;
      case "start":
        current = { lines: [], reason: "it didn't end" };
        cells.set(event.id, current);
        onCell(event.id);
        break;
      case "end":
        delete current!.reason;
        break;
      case "failed":
        current!.reason = event.reason;
    }
  };
  const errors: string[] = [];
  const mark = RECORD_SEPARATOR + key;
  try {
    const code = await runProcess(
      ["python3", "-u", fileURLToPath(new URL("notebook.py", import.meta.url))],
      {
        signal,
        onLine: (line) => {
          if (line.startsWith(mark)) {
            onEvent(JSON.parse(line.slice(mark.length)));
          } else current?.lines.push(line);
        },
        onErrorLine: (line) => errors.push(line),
        input: ReadableStream.from([
          new TextEncoder().encode(`${JSON.stringify(request)}\n`),
        ]),
      },
    );
    if (code !== 0 && about === "") {
      about = errors.at(-1) ?? `exit code ${code}`;
    }
    if (signal.aborted && current?.reason !== undefined) {
      current.reason = "interrupted";
    }
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    about = "there is no python3 on this machine";
  }
  return { about, cells: judged(labs, cells) };
}

function sourcesOf(lab: RecordedLab) {
  return lab.cells.flatMap(({ id, source }) => {
    const cell = { id, source, settles: lab.lab === "queue" };
    // The record shows that cell [23] had been run twice.
    return id === "queue:23" ? [cell, cell] : [cell];
  });
}

function judged(
  labs: RecordedLab[],
  raw: Map<string, Raw>,
): Map<string, PythonCell> {
  const machine: Machine = {
    cores: navigator.hardwareConcurrency,
    quick: false,
  };
  const secondsOfCell = (id?: string) => {
    const lines = id === undefined ? undefined : raw.get(id)?.lines;
    return lines === undefined ? null : secondsOf(lines.join("\n"));
  };
  const cells = new Map<string, PythonCell>();
  for (const cell of labs.flatMap(cellsOf)) {
    const ran = raw.get(cell.id);
    if (ran === undefined) continue;
    const output = joined(ran.lines);
    const seconds = secondsOfCell(cell.id);
    const than = secondsOfCell(cell.than?.id);
    const speed = seconds && than ? than / seconds : undefined;
    const { verdict, reason } = ran.reason === undefined
      ? judge(asPython(cell), {
        samples: [{ seconds, quick: false, output }],
      }, machine)
      : { verdict: "skipped" as const, reason: ran.reason };
    cells.set(cell.id, { output, seconds, speed, verdict, reason });
  }
  return cells;
}

/** The cell without its ratio, because one run proves no ratio. */
function asPython(cell: ChosenCell): ChosenCell {
  const { recorded } = cell;
  if (!recorded?.time || recorded.time.sleeps) return cell;
  const { time: _, ...untimed } = recorded;
  return { ...cell, recorded: untimed, than: undefined };
}
