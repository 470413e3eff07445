// Copyright 2026 the lab9 authors. MIT license.

import { unicodeWidth } from "@std/cli/unicode-width";
import type { State, Timeline } from "../../notebook/timeline.ts";
import { ticksOf } from "./axis.ts";
import { columnsOf, type Run, runsOf } from "./columns.ts";
import { type Lane, lanesOf } from "./lanes.ts";
import { escape } from "./markup.ts";
import { elide, printable } from "./names.ts";
import { STATE_NAMES, STATES } from "./states.ts";

/** Options of {@linkcode drawSvg}. */
export interface SvgOptions {
  /**
   * The title above the picture.
   *
   * @default {"In [7]: two threads", of the timeline's cell}
   */
  title?: string;
  /**
   * How wide the picture is, in pixels.
   *
   * @default {760}
   */
  width?: number;
  /**
   * The end of the time axis, in milliseconds, so that several pictures have the same axis.
   *
   * @default {the timeline's duration}
   */
  axis?: number;
  /**
   * How long the cell took, here and elsewhere. Each time is a bar below the threads.
   *
   * @default {[]}
   */
  times?: SvgTime[];
}

/** How long something took. */
export interface SvgTime {
  name: string;
  seconds: number;
}

const PADDING = 20;
const TITLE = 36;
const LANE = 30;
const BAR = 20;
/** A wait is a line that is thinner than a bar, because colours alone are not enough. */
const WAIT = 6;
const AXIS = 30;
const LEGEND = 22;
const TIME = 20;
/** The width of a character in the font of the threads' names. */
const CHAR = 7.3;
/** The width of the shortest bar. */
const COLUMN = 3;

// The picture has a background of its own, because a README's page may be dark while the
// reader's system is light.
const STYLE = `
.page { fill: #fff; stroke: #d9dee5; }
.grid { stroke: #e6e9ee; }
text { fill: #57606a; font: 12px system-ui, "Segoe UI", sans-serif; }
.title { fill: #1f2328; font-size: 15px; font-weight: 600; }
.label { text-anchor: middle; stroke: #fff; stroke-width: 8; stroke-linejoin: round; paint-order: stroke; }
.name { fill: #1f2328; font-family: ui-monospace, Menlo, Consolas, monospace; }
@media (prefers-color-scheme: dark) {
  .page { fill: #0d1117; stroke: #30363d; }
  .grid { stroke: #21262d; }
  text { fill: #9198a1; }
  .title, .name { fill: #e6edf3; }
  .label { stroke: #0d1117; }
}`;

/**
 * Draws what a cell's threads did, as a picture for light and dark pages. Time goes from
 * left to right. Each thread has a lane, with bars while it runs and lines while it waits.
 *
 * @param timeline The cell's timeline.
 * @param options The title, and how wide the picture is.
 * @returns An SVG document.
 */
export function drawSvg(timeline: Timeline, options: SvgOptions = {}): string {
  const {
    title = `In [${timeline.cell}]: ${timeline.title}`,
    width = 760,
  } = options;
  const lanes = lanesOf(timeline);
  const names = lanes.map(({ thread }) => elide(printable(thread.name), 24));
  const longest = Math.max(0, ...names.map(unicodeWidth));
  const left = Math.round(PADDING + longest * CHAR + 14);
  const columns = Math.floor((width - left - PADDING) / COLUMN);
  const plot: Plot = {
    left,
    columns,
    width: columns * COLUMN,
    duration: Math.max(timeline.duration, options.axis ?? 0, 0.001),
    top: PADDING + TITLE,
    bottom: PADDING + TITLE + lanes.length * LANE + 6,
  };
  const legend = drawLegend(lanes, plot, width - PADDING);
  const { times = [] } = options;
  const timesTop = plot.bottom + AXIS + legend.height + 30;
  const height = plot.bottom + AXIS + legend.height + PADDING +
    (times.length === 0 ? 0 : times.length * TIME + 14);
  return `<svg xmlns="http://www.w3.org/2000/svg" role="img" \
width="${width}" height="${height}" viewBox="0 0 ${width} ${height}">
<title>${escape(title)}</title>
<desc>${escape(lanes.map(summary).join("\n"))}</desc>
<style>${STYLE}</style>
<rect class="page" x=".5" y=".5" width="${width - 1}" height="${
    height - 1
  }" rx="8"/>
<text class="title" x="${PADDING}" y="${PADDING + 14}">${escape(title)}</text>
${drawAxis(plot)}
${lanes.map((lane, i) => drawLane(lane, names[i], i, plot)).join("\n")}
${legend.svg}
${drawTimes(times, plot, timesTop)}</svg>
`;
}

/** The part of the picture that shows time. */
interface Plot {
  left: number;
  columns: number;
  width: number;
  /** The time that the width shows, in milliseconds. */
  duration: number;
  top: number;
  bottom: number;
}

/** How long the thread was in each state, in words. */
function summary({ thread, segments }: Lane): string {
  const parts = [...Map.groupBy(segments, ({ state }) => state)]
    .map(([state, spent]) => {
      const total = spent.reduce((sum, { start, end }) => sum + end - start, 0);
      return `${STATES[state].name} ${(total / 1000).toFixed(3)} s`;
    });
  return `${thread.name}: ${parts.join(", ")}`;
}

function drawAxis({ left, width, duration, top, bottom }: Plot): string {
  return ticksOf(duration, Math.max(1, Math.floor(width / 80))).map(
    ({ time, label }) => {
      const x = Math.round(left + time / duration * width);
      return `<path class="grid" d="M${x}.5 ${top - 6}V${bottom + 4}"/>` +
        `<text x="${x}" y="${bottom + 20}" text-anchor="middle">` +
        `${label.replace(" s", "\u2009s")}</text>`;
    },
  ).join("\n");
}

function drawLane(lane: Lane, name: string, index: number, plot: Plot): string {
  const middle = plot.top + index * LANE + LANE / 2;
  const columns = columnsOf(lane.segments, plot.duration, plot.columns);
  const runs = Map.groupBy(runsOf(columns), ({ column }) => column);
  const paths = STATE_NAMES.map((state) =>
    drawRuns(state, runs.get(state) ?? [], middle, plot)
  );
  return `<g>
<title>${escape(summary(lane))}</title>
<text class="name" x="${PADDING}" y="${middle + 4}">${escape(name)}</text>
${paths.filter((path) => path !== "").join("\n")}
</g>`;
}

function drawRuns(
  state: State,
  runs: Run[],
  middle: number,
  { left }: Plot,
): string {
  if (runs.length === 0) return "";
  const { fill, isBusy } = STATES[state];
  const height = isBusy ? BAR : WAIT;
  const outline = runs.map(({ from, length }) =>
    `M${left + from * COLUMN} ${middle - height / 2}` +
    `h${length * COLUMN}v${height}h-${length * COLUMN}z`
  );
  const { name } = STATES[state];
  const labels = runs
    .filter(({ length }) => length * COLUMN > name.length * 6.6 + 50)
    .map(({ from, length }) => {
      const x = left + (from + length / 2) * COLUMN;
      return `<text class="label" x="${x}" y="${middle + 4}">${name}</text>`;
    });
  return `<path fill="${fill}" d="${outline.join("")}"/>` +
    (isBusy ? "" : labels.join(""));
}

/** Draws a bar for each time. The longest one is as long as there is room. */
function drawTimes(times: SvgTime[], { left, width }: Plot, top: number) {
  const longest = Math.max(0.001, ...times.map(({ seconds }) => seconds));
  return times.map(({ name, seconds }, i) => {
    const y = top + i * TIME;
    const bar = Math.max(1, Math.round(seconds / longest * (width - 70)));
    return `<g><text x="${PADDING}" y="${y + 10}">${escape(name)}</text>` +
      `<rect x="${left}" y="${y}" width="${bar}" height="12" fill="#8a94a6"/>` +
      `<text x="${left + bar + 8}" y="${y + 10}">${
        seconds.toFixed(2)
      }\u2009s</text></g>\n`;
  }).join("");
}

/** Draws the legend of the states that occur, in as many lines as are needed. */
function drawLegend(
  lanes: Lane[],
  { left, bottom }: Plot,
  right: number,
): { svg: string; height: number } {
  const occurring = new Set(
    lanes.flatMap(({ segments }) => segments.map(({ state }) => state)),
  );
  let x = left;
  let y = bottom + AXIS + 16;
  const entries = STATE_NAMES.filter((state) => occurring.has(state))
    .map((state) => {
      const { name, fill, isBusy } = STATES[state];
      const width = 24 + name.length * 6.6 + 18;
      if (x > left && x + width > right) {
        x = left;
        y += LEGEND;
      }
      const height = isBusy ? 12 : WAIT;
      const entry =
        `<rect x="${x}" y="${
          y - 4 - height / 2
        }" width="16" height="${height}" fill="${fill}"/>` +
        `<text x="${x + 22}" y="${y}">${name}</text>`;
      x = Math.round(x + width);
      return entry;
    });
  return { svg: entries.join("\n"), height: y - bottom - AXIS };
}
