// Copyright 2026 the lab9 authors. MIT license.

import type { Timeline } from "../../notebook/timeline.ts";
import { lanesOf } from "./lanes.ts";
import { escape } from "./markup.ts";
import { badge, barList, verdictTable } from "./parts.ts";
import script from "./page.js" with { type: "text" };
import style from "./page.css" with { type: "text" };
import { STATE_NAMES, STATES } from "./states.ts";

/** A cell in a report. */
export interface ReportCell {
  /** The lab and the cell's number: `threads:7`. */
  id: string;
  /** Our heading. */
  title: string;
  /** `reproduced`, `reproduced (rule …)`, `differs` or `skipped`. */
  verdict: string;
  /** What differs, line by line: recorded, here, and expected. */
  difference?: string;
  /** The notebook's code, in Python. */
  source: string;
  /** The code that ran here, in TypeScript. */
  code?: string;
  /** How many times faster than another cell: `×1.93 (notebook: ×2.02)`. */
  speed?: string;
  /** What the notebook's cell printed. */
  recorded: string;
  /** What the cell printed here. */
  here: string;
  /** What the notebook's cell printed in this machine's Python. */
  python?: string;
  /** Our own text about the cell, in a line or two. */
  prose?: string;
  /** How long it took, in the notebook and here. */
  seconds?: { recorded?: number; python?: number; here?: number };
  /** What its threads did, if that was recorded. */
  timeline?: Timeline;
  /** The end of its time axis, in milliseconds, if other cells have the same axis. */
  axis?: number;
}

/** A report. */
export interface Report {
  /** @default {"Lab 9: Concurrency"} */
  title?: string;
  /** A sentence for each lab. */
  summary?: string[];
  /** When and where it ran: date, machine, versions. */
  about?: string;
  cells: ReportCell[];
}

/**
 * Writes a report as one page that loads nothing from the network.
 *
 * @param report The cells, in the order of their runs.
 * @returns An HTML document.
 */
export function reportPage(report: Report): string {
  const { title = "Lab 9: Concurrency", summary = [], about, cells } = report;
  return `<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; \
style-src 'unsafe-inline'; script-src 'unsafe-inline'">
<title>${escape(title)}</title>
<style>
${stateColors()}
${style}</style>
</head>
<body>
<header>
<h1>${escape(title)}</h1>
${summary.map((line) => `<p>${escape(line)}</p>`).join("\n")}
${about === undefined ? "" : `<p>${escape(about)}</p>`}
</header>
<main>
${verdictTable(cells.map((cell, i) => ({ ...cell, anchor: `cell-${i}` })))}
${cells.map(cellSection).join("\n")}
</main>
<div id="tooltip" role="tooltip" hidden></div>
<script type="module">
${script}</script>
</body>
</html>
`;
}

function stateColors(): string {
  const colors = STATE_NAMES.map((state) =>
    `--${state}: ${STATES[state].fill};`
  );
  return `:root { ${colors.join(" ")} }`;
}

function cellSection(cell: ReportCell, index: number): string {
  const { id, title, verdict, difference, source, recorded, here } = cell;
  return `<section id="cell-${index}">
<h2><span class="id">${escape(id)}</span> ${escape(title)} ${
    badge(verdict)
  }</h2>
${cell.prose === undefined ? "" : `<p class="prose">${escape(cell.prose)}</p>`}
${difference ? `<pre class="wraps">${escape(difference)}</pre>` : ""}
<div class="sides">
${code("Python, in the notebook", source)}
${code("TypeScript, here", cell.code ?? "")}
</div>
<div class="sides">
${output("Notebook", recorded)}
${cell.python === undefined ? "" : output("Python here", cell.python)}
${output("Here", here)}
</div>
${figure(cell.timeline, cell.axis)}
</section>`;
}

function code(name: string, text: string): string {
  if (text === "") return "";
  return `<div><h3>${name}</h3><pre class="source" tabindex="0" role="group" ` +
    `aria-label="${name}">${escape(text)}</pre></div>`;
}

function output(name: string, printed: string): string {
  const content = printed === ""
    ? `<p class="nothing">No output</p>`
    : `<pre tabindex="0" role="group" aria-label="Output, ${name}">${
      escape(printed)
    }</pre>`;
  return `<div><h3>${name}</h3>${content}</div>`;
}

function figure(timeline: Timeline | undefined, axis = 0): string {
  if (!timeline?.threads.length || timeline.duration <= 0) return "";
  const lanes = lanesOf(timeline);
  const occurring = new Set(
    lanes.flatMap(({ segments }) => segments.map(({ state }) => state)),
  );
  const legend = STATE_NAMES.filter((state) => occurring.has(state))
    .map((state) =>
      `<li><i class="${STATES[state].isBusy ? "busy" : "wait"}" ` +
      `style="background: var(--${state})"></i>${STATES[state].name}</li>`
    );
  const data = {
    duration: Math.max(timeline.duration, axis),
    states: STATES,
    lanes: lanes.map(({ thread, segments }) => ({
      name: thread.name,
      segments: segments.map((
        { state, start, end, label },
      ) => [state, rounded(start), rounded(end), label]),
    })),
  };
  // The tag that ends a script element must not stand in it, not even in a string.
  const json = JSON.stringify(data).replaceAll("<", "\\u003c");
  return `<figure>
<noscript>The timeline is drawn by a script.</noscript>
<div class="chart"></div>
<figcaption><ul class="legend">${legend.join("")}</ul></figcaption>
${barList(lanes)}
<script type="application/json">${json}</script>
</figure>`;
}

/** Rounds to a microsecond. */
function rounded(milliseconds: number): number {
  return Number(milliseconds.toFixed(3));
}
