import {
  assert,
  assertEquals,
  assertGreater,
  assertLess,
  assertMatch,
  assertNotMatch,
  assertStringIncludes,
} from "@std/assert";
import { type ReportCell, reportPage } from "../../labs/runner/draw/html.ts";
import { queued, threaded } from "../support/draw.ts";

const cell: ReportCell = {
  id: "threads:7",
  title: "two threads",
  verdict: "reproduced (interleaved)",
  source: "t1.start()\n\tt2.start()",
  recorded: "Done sleeping",
  here: "Done sleeping",
  seconds: { recorded: 1, here: 1.003 },
  timeline: threaded,
};

const evil = `</script><script>alert("1")</script><!-- & 'x' http://evil/`;

Deno.test("A report has the verdicts, the code and both outputs", () => {
  const page = reportPage({
    title: "My <labs>",
    summary: ["Pool.map ran 1.93 times faster than the loop"],
    cells: [
      cell,
      { ...cell, id: "queue:24", verdict: "differs", difference: "line 3 & 4" },
      { ...cell, id: "gil:33", here: "", seconds: {}, timeline: undefined },
      { ...cell, id: "gil:34", timeline: { ...threaded, threads: [] } },
    ],
  });
  assertStringIncludes(page, "<title>My &lt;labs&gt;</title>");
  assertStringIncludes(page, "<p>Pool.map ran 1.93 times faster");
  assertStringIncludes(page, "3 reproduced, 1 differs");
  assertStringIncludes(page, '<a href="#cell-1">queue:24</a>');
  assertStringIncludes(page, '<section id="cell-1">');
  assertStringIncludes(page, '<span class="verdict differs">differs</span>');
  assertStringIncludes(page, "line 3 &amp; 4");
  assertStringIncludes(page, "1.00&nbsp;s</td>");
  assertStringIncludes(page, "t1.start()\n\tt2.start()</pre>");
  assertEquals(page.split("Done sleeping</pre>").length - 1, 7);
  assertEquals(page.split("No output").length - 1, 1);
  assertEquals(page.split("<figure>").length - 1, 2);
});

Deno.test("A report escapes everything", () => {
  const page = reportPage({
    title: evil,
    summary: [evil],
    cells: [{
      id: evil,
      title: evil,
      verdict: `differs ${evil}`,
      difference: evil,
      source: evil,
      recorded: evil,
      here: evil,
      timeline: {
        ...threaded,
        cell: evil,
        title: evil,
        threads: threaded.threads.map((thread) => ({ ...thread, name: evil })),
        spans: threaded.spans.map((span) => ({ ...span, label: evil })),
      },
    }],
  });
  // The page's own, and the timeline's data.
  assertEquals(page.match(/<script/g)?.length, 2);
  assertEquals(page.match(/<\/script/g)?.length, 2);
  assertNotMatch(page, /<!--|alert\("/);
  const [, json] = /<script type="application\/json">(.*?)<\/script>/s
    .exec(page)!;
  assertEquals(JSON.parse(json).lanes[0].name, evil);
});

Deno.test("A report needs nothing from the network", () => {
  const page = reportPage({ cells: [cell, { ...cell, timeline: queued }] });
  assertNotMatch(page, /https?:|\bsrc=|<link|url\(|@import|\bfetch\b/);
  assertMatch(page, /Content-Security-Policy" content="default-src 'none';/);
});

/** Runs after the page's script, as its reader would use the page. */
const reader = `
const seen = { errors: [] };
addEventListener("error", (event) => seen.errors.push(event.message));
addEventListener("securitypolicyviolation",
  (event) => seen.errors.push(event.violatedDirective));
const canvas = document.querySelector("canvas");
const shown = () => document.querySelector("output").textContent;
const tooltip = document.getElementById("tooltip");
const { left, top, width } = canvas.getBoundingClientRect();
function point(type, x, y, more) {
  canvas.dispatchEvent(new PointerEvent(type, {
    clientX: left + x, clientY: top + y, bubbles: true, ...more,
  }));
}
function hover(x, y) {
  point("pointermove", x, y);
  return tooltip.hidden ? null : tooltip.textContent;
}
canvas.setPointerCapture = () => {};
seen.whole = shown();
seen.main = hover(width / 2, 13);
seen.thread = hover(width / 2, 13 + 26);
seen.below = hover(width / 2, 13 + 26 * 3);
point("pointerleave", 0, 0);
seen.left = tooltip.hidden;
point("pointerdown", width * 0.5, 13);
point("pointermove", width * 0.6, 13);
point("pointerup", width * 0.6, 13);
seen.dragged = shown();
document.querySelector('[title="Zoom in"]').click();
seen.closer = shown();
document.querySelector('[title="Zoom out"]').click();
canvas.dispatchEvent(new KeyboardEvent("keydown", { key: "ArrowRight" }));
seen.further = shown();
document.querySelector('[title="Show everything"]').click();
seen.all = shown();
canvas.dispatchEvent(new WheelEvent("wheel", { deltaY: -500 }));
seen.scrolled = shown();
canvas.dispatchEvent(new WheelEvent("wheel", {
  deltaY: -500, ctrlKey: true, clientX: left + width / 2, cancelable: true,
}));
seen.wheeled = shown();
const pixels = canvas.getContext("2d").getImageData(
  0, 0, canvas.width, canvas.height).data;
document.querySelector("figure").hidden = true;
canvas.dispatchEvent(new KeyboardEvent("keydown", { key: "+" }));
seen.hidden = shown();
seen.colors = new Set(new Uint32Array(pixels.buffer)).size;
const result = document.createElement("pre");
result.id = "seen";
result.textContent = JSON.stringify(seen);
document.body.append(result);
`;

const { state } = Deno.permissions.querySync({
  name: "run",
  command: "chromium",
});

Deno.test({
  name: state === "granted"
    ? "A report's timeline zooms and answers to the pointer, in Chromium"
    : "A report in Chromium: skipped, there is none or it may not run",
  ignore: state !== "granted",
  async fn() {
    const page = reportPage({ cells: [cell] })
      .replace(
        "</body>",
        () => `<script type="module">${reader}</script></body>`,
      );
    const seen = await inChromium(page);
    assertEquals(seen.errors, []);
    assertEquals(seen.whole, "0.00 – 1.00 s");
    assertEquals(
      seen.main,
      "MainThread\njoin\nfrom 0.0008 s, for 1001 ms",
    );
    assertMatch(seen.thread!, /^Thread-1 \(doSomething\)\nsleep\n/);
    assertEquals(seen.below, null);
    assertEquals(seen.left, true);
    const [from, to] = range(seen.dragged);
    assertGreater(from, 0.3);
    assertLess(to, 0.7);
    const [closeFrom, closeTo] = range(seen.closer);
    assert(from < closeFrom && closeTo < to, seen.closer);
    assertGreater(range(seen.further)[0], from);
    assertEquals(seen.all, seen.whole);
    assertEquals(seen.scrolled, seen.whole);
    const [wheelFrom, wheelTo] = range(seen.wheeled);
    assert(wheelFrom > 0.1 && wheelTo < 0.9, seen.wheeled);
    assertGreater(seen.colors, 3);
    assertEquals(range(seen.hidden).length, 2);
  },
});

interface Seen {
  [text: string]: string;
}

function range(text: string): number[] {
  return text.split(/[^\d.]+/).slice(0, 2).map(Number);
}

/** Opens a page, and tells what its reader saw. */
async function inChromium(
  page: string,
): Promise<Seen & { errors: string[]; colors: number; left: boolean }> {
  const bytes = new TextEncoder().encode(page);
  const { stdout } = await new Deno.Command("chromium", {
    args: [
      "--headless",
      "--no-sandbox",
      "--disable-gpu",
      "--window-size=1000,800",
      "--dump-dom",
      `data:text/html;charset=utf-8;base64,${bytes.toBase64()}`,
    ],
    stderr: "null",
    signal: AbortSignal.timeout(240_000),
  }).output();
  const dom = new TextDecoder().decode(stdout);
  const [, seen] = /<pre id="seen">(.*?)<\/pre>/s.exec(dom) ?? [];
  assert(seen !== undefined, "The page was not read to its end");
  return JSON.parse(seen.replaceAll("&gt;", ">").replaceAll("&amp;", "&"));
}
