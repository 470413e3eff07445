// Copyright 2026 the lab9 authors. MIT license.

import { overall, rowsOf, secondsOf, speedOf } from "./rows.ts";
import type { LabResult } from "../result.ts";
import { sentenceOf } from "./sentence.ts";

/**
 * Formats the verdicts as JSON: for each cell, those of all runs.
 *
 * @param results The runs of the labs.
 * @param exitCode The exit code of the process.
 */
export function toJson(results: LabResult[], exitCode: number): string {
  const labs = [...new Set(results.map(({ lab }) => lab))];
  const report = {
    cores: navigator.hardwareConcurrency,
    exitCode,
    labs: labs.map((lab) => {
      const own = results.filter((result) => result.lab === lab);
      const rows = rowsOf(own);
      return {
        lab: lab.lab,
        sentence: sentenceOf(lab, rows),
        spent: own.map(({ spent = 0 }) => Number(spent.toFixed(1))),
        failures: own.flatMap(({ run, failure }) =>
          failure === undefined ? [] : [{ run, failure }]
        ),
        cells: rows.map((row) => ({
          id: row.id,
          title: row.title,
          verdict: overall(row),
          seconds: secondsOf(row) ?? null,
          speed: speedOf(row) ?? null,
          runs: row.verdicts,
          python: row.python ?? null,
          outputs: own.flatMap(({ cells }) => cells)
            .filter(({ id }) => id === row.id)
            .map(({ output }) => output),
        })),
      };
    }),
  };
  return JSON.stringify(report, null, 2);
}
