import {
  assert,
  assertEquals,
  assertNotMatch,
  assertStringIncludes,
} from "@std/assert";
import { drawSvg } from "../../labs/runner/draw/svg.ts";
import {
  contended,
  crowded,
  queued,
  sequential,
  threaded,
  timelineOf,
} from "../support/draw.ts";

const TAG =
  /<(?<close>\/)?(?<name>[a-z]+)(?:\s+[\w:-]+="[^"<&]*")*\s*(?<empty>\/)?>/y;

/** Fails unless tags are closed in order, attributes quoted, texts escaped. */
function assertWellFormed(xml: string): void {
  const open: string[] = [];
  let at = 0;
  while (at < xml.length) {
    const next = xml.indexOf("<", at);
    const text = xml.slice(at, next === -1 ? undefined : next);
    assertNotMatch(text, /&(?!(?:amp|lt|gt|quot|#39);)/);
    if (next === -1) break;
    TAG.lastIndex = next;
    const { close, name, empty } = TAG.exec(xml)?.groups ??
      { name: `no tag: ${xml.slice(next, next + 80)}` };
    if (close) assertEquals(open.pop(), name);
    else if (!empty) open.push(name);
    at = TAG.lastIndex;
  }
  assertEquals(open, []);
}

Deno.test("A picture is well-formed and names every thread", () => {
  for (const timeline of [sequential, threaded, queued, contended, crowded]) {
    const svg = drawSvg(timeline);
    assertWellFormed(svg);
    for (const { name } of timeline.threads) {
      assertStringIncludes(svg, `<title>${name}: `);
    }
  }
});

Deno.test("A picture tells what it shows", () => {
  const svg = drawSvg(threaded);
  assertStringIncludes(svg, 'role="img"');
  assertStringIncludes(svg, "<title>In [7]: two threads</title>");
  assertStringIncludes(svg, "MainThread: run 0.001 s, join 1.002 s");
  for (const label of ["0", "0.5", "1.0\u2009s", "run", "sleep", "join"]) {
    assertStringIncludes(drawSvg(threaded, { width: 500 }), `>${label}</text>`);
  }
});

Deno.test("A picture takes what names and titles there are", () => {
  const timeline = timelineOf("<&>", 'a\0 "title" </svg>', 100, {
    "</text>\x1b\ud800": [["run", 0, 100]],
  });
  const svg = drawSvg(timeline);
  assertWellFormed(svg);
  assertStringIncludes(
    svg,
    "In [&lt;&amp;&gt;]: a� &quot;title&quot; &lt;/svg",
  );
  assertStringIncludes(drawSvg(timeline, { title: "Mine" }), ">Mine</title>");
});

Deno.test("A picture needs nothing from elsewhere", () => {
  const svg = drawSvg(crowded)
    .replace('xmlns="http://www.w3.org/2000/svg"', "");
  assertNotMatch(svg, /http|href|url\(|@import|<script/);
});

Deno.test("A picture doesn't grow with the number of spans", () => {
  const { length } = drawSvg(contended);
  assertEquals(length < 20_000, true, `${length} characters`);
});

Deno.test("There is a picture of nothing, too", () => {
  assertWellFormed(drawSvg(timelineOf("1", "nothing", 0, {})));
  assertNotMatch(drawSvg(timelineOf("1", "", 0, { A: [] })), /NaN|Infinity/);
});

Deno.test("An SVG has a lane for each time that is given", () => {
  const times = [
    { name: "Notebook", seconds: 2 },
    { name: "Python here", seconds: 1 },
    { name: "Here", seconds: 1 },
  ];
  const svg = drawSvg(threaded, { times });
  const widths = [...svg.matchAll(/width="(\d+)" height="12" fill="#8a94a6"/g)]
    .slice(-3).map(([, width]) => Number(width));
  assertEquals(widths.map((width) => Math.round(width / widths[1])), [2, 1, 1]);
});

Deno.test("SVGs of cells that are compared share a time axis", () => {
  const svg = drawSvg(threaded, { axis: 2001 });
  assert(svg.includes("2.0\u2009s"), svg);
});
