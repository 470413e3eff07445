// Copyright 2026 the lab9 authors. MIT license.

import { escape } from "../labs/runner/draw/markup.ts";
import type { Ratio, Result } from "./ratios.ts";
import { figures } from "./report.ts";

const WIDTH = 760;
const PADDING = 20;
const TOP = 100;
const HEADING = 30;
const ROW = 22;
const BAR = 12;
const LABELS = 200;
const FIGURES = 64;
const LEFT = PADDING + LABELS;
const RIGHT = WIDTH - PADDING - FIGURES;

const LEGEND =
  "Bars: medians of paired rounds. Lines: their range. Red: what is asked.";

// The picture brings its own background: a README's page may be dark where the
// reader's system is light.
const STYLE = `
.page { fill: #fff; stroke: #d9dee5; }
.grid { stroke: #e6e9ee; }
.one { stroke: #8a94a6; }
text { fill: #57606a; font: 12px system-ui, "Segoe UI", sans-serif; }
.title { fill: #1f2328; font-size: 15px; font-weight: 600; }
.heading, .figure { fill: #1f2328; font-weight: 600; }
.bar { fill: #2f9e73; }
.slower { fill: #d1902f; }
.range { stroke: #1f2328; stroke-width: 1.5; }
.floor { stroke: #d65f5f; stroke-width: 2; }
@media (prefers-color-scheme: dark) {
  .page { fill: #0d1117; stroke: #30363d; }
  .grid { stroke: #21262d; }
  text { fill: #9198a1; }
  .title, .heading, .figure { fill: #e6edf3; }
  .range { stroke: #e6edf3; }
}`;

/**
 * Draws the ratios as bars on a logarithmic axis, for light and dark pages: to
 * the right of 1 this library is faster, to the left it is slower.
 *
 * @param results The measurements with their figures.
 * @param title What stands above the picture.
 * @param origin Where and when they were measured.
 * @returns An SVG document.
 */
export function draw(
  results: Result[],
  title: string,
  origin: string,
): string {
  const groups = results
    .map(({ measurement, ratios }) => ({
      title: measurement.title,
      ratios: ratios.filter(({ steady }) => steady !== undefined) as Drawn[],
    }))
    .filter(({ ratios }) => ratios.length > 0);
  const axis = axisOf(groups.flatMap(({ ratios }) => ratios));
  let y = TOP;
  const rows = groups.map(({ title, ratios }) => {
    const heading = `<text class="heading" x="${PADDING}" y="${y + 20}">` +
      `${escape(title)}</text>`;
    y += HEADING;
    const bars = ratios.map((ratio) => {
      const bar = drawRow(ratio, y, axis);
      y += ROW;
      return bar;
    });
    return [heading, ...bars].join("\n");
  });
  const bottom = y + 6;
  const height = bottom + PADDING;
  return `<svg xmlns="http://www.w3.org/2000/svg" role="img" \
width="${WIDTH}" height="${height}" viewBox="0 0 ${WIDTH} ${height}">
<title>${escape(title)}</title>
<desc>${escape(groups.flatMap(sentences).join("\n"))}</desc>
<style>${STYLE}</style>
<rect class="page" x=".5" y=".5" width="${WIDTH - 1}" height="${
    height - 1
  }" rx="8"/>
<text class="title" x="${PADDING}" y="${PADDING + 14}">${escape(title)}</text>
<text x="${PADDING}" y="${PADDING + 34}">${escape(origin)}</text>
<text x="${PADDING}" y="${PADDING + 52}">${LEGEND}</text>
${drawAxis(axis, bottom)}
${rows.join("\n")}
</svg>
`;
}

/** A ratio that there is. */
type Drawn = Ratio & { steady: NonNullable<Ratio["steady"]> };

/** The powers of ten at the ends of the axis. */
interface Axis {
  from: number;
  to: number;
}

function axisOf(ratios: Drawn[]): Axis {
  const values = ratios.flatMap(({ steady, floor }) => [
    steady.least,
    steady.most,
    typeof floor === "number" ? floor : 1,
  ]);
  return {
    from: Math.min(-1, Math.floor(Math.log10(Math.min(1, ...values)))),
    to: Math.max(1, Math.ceil(Math.log10(Math.max(1, ...values)))),
  };
}

function xOf(value: number, { from, to }: Axis): number {
  const part = (Math.log10(value) - from) / (to - from);
  return Math.round((LEFT + part * (RIGHT - LEFT)) * 10) / 10;
}

function drawAxis(axis: Axis, bottom: number): string {
  const powers = Array.from(
    { length: axis.to - axis.from + 1 },
    (_, i) => axis.from + i,
  );
  return powers.map((power) => {
    const x = xOf(10 ** power, axis);
    const label = power >= 0 ? 10 ** power : (10 ** power).toFixed(-power);
    return `<path class="${power === 0 ? "one" : "grid"}" ` +
      `d="M${x} ${TOP + 2}V${bottom}"/>` +
      `<text x="${x}" y="${TOP - 4}" text-anchor="middle">${label}×</text>`;
  }).join("\n");
}

function drawRow(ratio: Drawn, y: number, axis: Axis): string {
  const { steady, floor } = ratio;
  const middle = y + ROW / 2;
  const one = xOf(1, axis);
  const end = xOf(steady.median, axis);
  const kind = steady.median >= 1 ? "bar" : "slower";
  const bar = `<rect class="${kind}" x="${Math.min(one, end)}" ` +
    `y="${middle - BAR / 2}" width="${Math.abs(end - one).toFixed(1)}" ` +
    `height="${BAR}"/>`;
  const range = `<path class="range" ` +
    `d="M${xOf(steady.least, axis)} ${middle}H${xOf(steady.most, axis)}"/>`;
  const mark = typeof floor === "number"
    ? `<path class="floor" ` +
      `d="M${xOf(floor, axis)} ${middle - 9}v18"/>`
    : "";
  return `<g><title>${escape(sentence(ratio))}</title>
<text x="${LEFT - 10}" y="${middle + 4}" text-anchor="end">${
    escape(nameOf(ratio))
  }</text>
${bar}${range}${mark}
<text class="figure" x="${WIDTH - PADDING}" y="${middle + 4}" \
text-anchor="end">${figures(steady.median)}×</text></g>`;
}

function nameOf({ comparison, against }: Ratio): string {
  const isBest = Array.isArray(comparison.against) &&
    comparison.against.length > 1;
  return isBest ? `best: ${against}` : comparison.label;
}

function sentence(ratio: Drawn): string {
  const { steady, floor } = ratio;
  const asked = typeof floor === "number" ? `, at least ${figures(floor)}` : "";
  return `${nameOf(ratio)}: ${figures(steady.median)} times as fast ` +
    `(${figures(steady.least)} to ${figures(steady.most)}${asked})`;
}

function sentences(
  { title, ratios }: { title: string; ratios: Drawn[] },
): string[] {
  return [title, ...ratios.map(sentence)];
}
