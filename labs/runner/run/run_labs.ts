// Copyright 2026 the lab9 authors. MIT license.

import type { Options } from "../cli.ts";
import type { Predictions } from "../predict/predictions.ts";
import type { Lab, LabResult } from "../result.ts";
import type { Selection } from "../selection.ts";
import { Display } from "./display.ts";
import { Progress, styleOf } from "./progress.ts";
import { Session } from "./session.ts";

/**
 * Runs the chosen labs, each of them as often as `--repeat` says.
 *
 * @param selections The chosen cells of each lab.
 * @param options The flags.
 * @param signal Ends the running lab. No other lab is started then.
 * @param predictions Asks the user what cells will do, with `--predict`.
 * @returns Each run of a lab, when it has ended.
 */
export async function* runLabs(
  selections: Selection<Lab>[],
  options: Options,
  signal: AbortSignal,
  predictions?: Predictions,
): AsyncGenerator<LabResult> {
  for (const selection of selections) {
    for (let run = 1; run <= options.repeat; run++) {
      // A first run is listed even if it never began.
      if (signal.aborted && run > 1) break;
      yield await runOnce(selection, run, options, signal, predictions);
    }
  }
}

async function runOnce(
  selection: Selection<Lab>,
  run: number,
  options: Options,
  signal: AbortSignal,
  predictions?: Predictions,
): Promise<LabResult> {
  using progress = new Progress(styleOf(options));
  const display = options.quiet || options.json
    ? undefined
    : new Display(selection.lab, progress, options.plain);
  const session = new Session(
    ...[selection, options, progress, display, predictions] as const,
  );
  const ended = signal.aborted ? "interrupted" : await session.run(signal);
  return {
    lab: selection.lab,
    run,
    cells: selection.cells.map((cell) => {
      const { title = "", output = "", timelines = [] } =
        session.outputOf(cell) ?? {};
      const { id, recorded } = cell;
      const verdict = session.judge(cell, ended);
      return { id, title, recorded, output, timelines, verdict };
    }),
    spent: session.spent,
    failure: signal.aborted ? undefined : ended,
  };
}
