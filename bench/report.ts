// Copyright 2026 the lab9 authors. MIT license.

import { bold, dim, green, red, yellow } from "@std/fmt/colors";
import type { Spread } from "../labs/runner/report/rows.ts";
import { type Column, table, wrap } from "../labs/runner/report/table.ts";
import type { Extrapolation } from "./amdahl.ts";
import type { Floor } from "./floors.ts";
import type { Rates, Ratio, Result, Verdict } from "./ratios.ts";

const COLORS: Record<Verdict, (text: string) => string> = {
  reached: green,
  missed: red,
  unknown: yellow,
  none: (text) => text,
};

const MARKS: Record<Verdict, string> = {
  reached: "✓",
  missed: "✗",
  unknown: "?",
  none: "",
};

/** A table that is wider is hard to read, and a file has no width. */
const WIDEST = 80;

/**
 * Writes a measurement's rates, and what failed.
 *
 * @param result The measurement with its figures.
 * @param width How many columns of the terminal there are.
 */
export function ratesText(
  { measurement, rates }: Result,
  width: number,
): string {
  const { name, title, unit } = measurement;
  const columns: Column[] = [
    { title: `${name}: ${title}`, wraps: true },
    { title: `First ${unit}/s`, align: "right" },
    { title: "Steady", align: "right" },
    { title: "Range", align: "right" },
  ];
  const rows = rates.map(({ name, first, steady }) => [
    name,
    first ? rateText(first.median) : "",
    steady ? rateText(steady.median) : "–",
    steady ? `${rateText(steady.least)}–${rateText(steady.most)}` : "",
  ]);
  const narrow = Math.min(width, WIDEST);
  const failures = rates.flatMap(failureTexts)
    .flatMap((text) => wrap(text, narrow));
  return [table(columns, rows, narrow), ...failures.map(dim)].join("\n");
}

/** Each way in which a contender failed, and how often. */
function failureTexts({ name, steady, failures }: Rates): string[] {
  const kinds = Map.groupBy(failures, ({ failure }) => failure);
  return [...kinds].map(([kind, [{ message }, ...others]]) => {
    const count = 1 + others.length;
    const often = steady === undefined && count === failures.length
      ? ""
      : ` in ${count} round${count === 1 ? "" : "s"}`;
    return `${name}: ${kind}${often}: ${message}`;
  });
}

/** Three figures and a unit, as in 66.1k. */
export function rateText(rate: number): string {
  const units = ["", "k", "M", "G"];
  let unit = 0;
  while (rate >= 999.5 && unit < units.length - 1) {
    rate /= 1000;
    unit++;
  }
  return figures(rate) + units[unit];
}

/** Three figures of a number, and three decimals below 1. */
export function figures(value: number): string {
  if (value >= 99.95) return value.toFixed(0);
  if (value < 0.9995) return value.toFixed(3);
  return value.toFixed(value >= 9.995 ? 1 : 2);
}

/**
 * Writes the table of ratios.
 *
 * @param results The measurements with their figures.
 * @param width How many columns of the terminal there are.
 */
export function ratiosText(results: Result[], width: number): string {
  const ratios = results.flatMap((result) => result.ratios);
  const paint = (text: string, row: number) =>
    COLORS[ratios[row].verdict](text);
  const columns: Column[] = [
    { title: "Measured" },
    { title: "Against", wraps: true },
    { title: "Ratio", align: "right", color: paint },
    { title: "Range", align: "right" },
    { title: "First", align: "right" },
    { title: "Floor", align: "right" },
    { title: "", color: paint },
  ];
  const rows = results.flatMap(({ measurement, ratios }) =>
    ratios.map((ratio, i) => [
      i === 0 ? measurement.name : "",
      againstText(ratio),
      ratio.steady ? `${figures(ratio.steady.median)}×` : "–",
      ratio.steady ? rangeText(ratio.steady) : "",
      ratio.first ? `${figures(ratio.first.median)}×` : "",
      floorText(ratio.floor),
      MARKS[ratio.verdict],
    ])
  );
  return table(columns, rows, Math.min(width, WIDEST));
}

function againstText({ comparison, against }: Ratio): string {
  const { label } = comparison;
  const isBest = Array.isArray(comparison.against) &&
    comparison.against.length > 1;
  return isBest ? `${label}: ${against}` : label;
}

function rangeText({ least, most }: Spread): string {
  return `${figures(least)}–${figures(most)}`;
}

function floorText(floor: Floor | undefined): string {
  if (floor === undefined) return "";
  return floor === "no slower" ? floor : `${figures(floor)}×`;
}

/** Says how many floors were reached. */
export function verdictText(results: Result[]): string {
  const verdicts = results.flatMap(({ ratios }) => ratios)
    .map(({ verdict }) => verdict);
  return (["reached", "missed", "unknown"] as const)
    .map((kind) => [kind, verdicts.filter((v) => v === kind).length] as const)
    .filter(([, count]) => count > 0)
    .map(([kind, count]) =>
      COLORS[kind](`${count} floor${count === 1 ? "" : "s"} ${kind}`)
    )
    .join(", ");
}

/**
 * Writes what more cores would do.
 *
 * @param extrapolation Amdahl's terms.
 * @param width How many columns of the terminal there are.
 */
export function extrapolationText(
  { serial, speedups, secondsPerTask }: Extrapolation,
  width: number,
): string {
  const lines = wrap(
    serial === 1
      ? "Pool.map of e^x was no faster than the loop: nothing follows."
      : `Pool.map of e^x leaves ${
        (serial * 100).toFixed(1)
      } % of its work to one ` +
        "core. By Amdahl's law its speed-up over the loop would be " +
        speedups.map(({ cores, speedup }) =>
          `${figures(speedup)} on ${cores} cores`
        ).join(", ") + ".",
    Math.min(width, WIDEST),
  );
  if (secondsPerTask !== undefined) {
    const [few, many] = [8, 64].map((cores) =>
      `${figures(cores * secondsPerTask * 1e6)} µs for ${cores}`
    );
    lines.push(...wrap(
      "Pool.apply hands out a task every " +
        `${figures(secondsPerTask * 1e6)} µs: to keep more cores busy, tasks ` +
        `have to take at least ${few}, ${many}, and so on.`,
      Math.min(width, WIDEST),
    ));
  }
  return [bold("On paper, with more cores"), ...lines].join("\n");
}
