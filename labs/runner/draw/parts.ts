// Copyright 2026 the lab9 authors. MIT license.

/**
 * Parts of the report and of the page in a browser, as HTML.
 *
 * @module
 */

import type { Lane } from "./lanes.ts";
import { escape } from "./markup.ts";
import { STATES } from "./states.ts";

/** A cell in the table of verdicts. */
export interface VerdictRow {
  /** The lab and the cell's number: `threads:7`. */
  id: string;
  /** The id of the cell's section in the page. */
  anchor: string;
  /** Our heading. */
  title: string;
  /** `reproduced`, `reproduced (rule …)`, `differs` or `skipped`. */
  verdict: string;
  /** How many times faster than another cell: `×1.93 (notebook: ×2.02)`. */
  speed?: string;
  /** What the cell printed in this machine's Python, if it was run. */
  python?: string;
  /** How long it took, in the notebook and here. */
  seconds?: { recorded?: number; python?: number; here?: number };
}

/** The first word of a verdict, such as `differs`. */
export function kind(verdict: string): string {
  return verdict.split(/\W/)[0];
}

/** A verdict, in its colour. */
export function badge(verdict: string): string {
  return `<span class="verdict ${escape(kind(verdict))}">${
    escape(verdict)
  }</span>`;
}

/** The cells and their verdicts. */
export function verdictTable(cells: VerdictRow[]): string {
  const hasPython = cells.some(({ python }) => python !== undefined);
  const counts = [...Map.groupBy(cells, ({ verdict }) => kind(verdict))]
    .map(([verdict, { length }]) => `${length} ${verdict}`);
  const rows = cells.map((
    { id, anchor, title, verdict, seconds, speed },
  ) =>
    `<tr><th scope="row"><a href="#${escape(anchor)}">${escape(id)}</a></th>` +
    `<td>${escape(title)}</td>` +
    `<td>${badge(verdict)}</td>` +
    `<td class="number">${inSeconds(seconds?.recorded)}</td>` +
    (hasPython ? `<td class="number">${inSeconds(seconds?.python)}</td>` : "") +
    `<td class="number">${inSeconds(seconds?.here)}</td>` +
    `<td class="number">${escape(speed ?? "")}</td></tr>`
  );
  return `<div class="wide" tabindex="0" role="region" aria-label="Verdicts"><table>
<caption>${escape(counts.join(", "))}</caption>
<thead><tr><th scope="col">Cell</th><th scope="col">Shows</th>\
<th scope="col">Verdict</th><th scope="col" class="number">Notebook</th>\
${hasPython ? '<th scope="col" class="number">Python here</th>' : ""}\
<th scope="col" class="number">Here</th>\
<th scope="col" class="number">Times as fast</th></tr></thead>
<tbody>
${rows.join("\n")}
</tbody>
</table></div>`;
}

function inSeconds(seconds: number | undefined): string {
  return seconds === undefined ? "" : `${seconds.toFixed(2)}&nbsp;s`;
}

/** How many bars of a thread the list has at most. */
const MOST_BARS = 100;

/** The bars in words, for readers who can't see them, or have no pointer. */
export function barList(lanes: Lane[]): string {
  const items = lanes.map(({ thread, segments }) => {
    const bars = segments.slice(0, MOST_BARS).map((
      { state, start, end, label },
    ) =>
      `<li>${escape(STATES[state].name)}${
        label === undefined ? "" : ` – ${escape(label)}`
      }, from ${(start / 1000).toFixed(3)} s, for ${
        (end - start).toFixed(1)
      } ms</li>`
    );
    const rest = segments.length - bars.length;
    if (rest > 0) bars.push(`<li>… and ${rest} more</li>`);
    return `<li>${escape(thread.name)}<ol>${bars.join("")}</ol></li>`;
  });
  return `<details><summary>What each thread did, as a list</summary>` +
    `<ul>${items.join("")}</ul></details>`;
}
