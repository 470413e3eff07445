// Whether everybody can read the runner's report, as far as axe-core can tell.

import axe from "axe-core";
import { assert, assertEquals } from "@std/assert";
import { reportPage } from "../../labs/runner/draw/html.ts";
import { contended, crowded, queued, threaded } from "../support/draw.ts";

const cells = [threaded, queued, contended, crowded].map((timeline, i) => ({
  id: `lab:${timeline.cell}`,
  title: timeline.title,
  verdict: ["reproduced", "differs (its output)", "inconclusive", "skipped"][i],
  difference: i === 1 ? "- recorded\n+ here" : "",
  source: "print('a line that is far too long for a narrow screen, by a lot')",
  code: 'console.log("a line that is far too long for a narrow screen");',
  prose: "What the cell shows, and why.",
  recorded: "a\nb",
  python: "a\nb",
  here: "a\nc",
  seconds: { recorded: 2, python: 2, here: 1 },
  speed: "×1.93 of lab:7, ×1.90 to ×1.97 in 9 (notebook: ×2.02)",
  timeline,
}));

/** Tells what axe-core finds, and whether something is wider than the screen. */
const READER = `
axe.run().then(({ violations }) => {
  const found = violations.map(({ id, nodes }) =>
    id + ": " + nodes.map(({ html }) => html.slice(0, 120)).join(" | "));
  const { scrollWidth } = document.documentElement;
  if (scrollWidth > innerWidth) found.push("wide: " + scrollWidth);
  const result = document.createElement("pre");
  result.id = "seen";
  result.textContent = JSON.stringify(found);
  document.body.append(result);
});`;

const { state } = Deno.permissions.querySync({
  name: "run",
  command: "chromium",
});

Deno.test({
  name: state === "granted"
    ? "A report has nothing that axe-core finds fault with, light, dark, narrow"
    : "A report in Chromium: skipped, there is none or it may not run",
  ignore: state !== "granted",
  async fn() {
    const page = reportPage({ about: "2026-11-30, two processors", cells })
      .replace(
        "</body>",
        () => `<script>${axe.source}</script><script>${READER}</script></body>`,
      );
    const file = Deno.makeTempFileSync({ suffix: ".html" });
    try {
      Deno.writeTextFileSync(file, page);
      for (
        const flags of [
          ["--window-size=1000,800"],
          ["--window-size=1000,800", "--blink-settings=preferredColorScheme=0"],
          ["--window-size=500,800"],
        ]
      ) assertEquals(await violationsOf(file, flags), [], flags.join(" "));
    } finally {
      Deno.removeSync(file);
    }
  },
});

async function violationsOf(file: string, flags: string[]): Promise<string[]> {
  const { stdout } = await new Deno.Command("chromium", {
    args: [
      ...["--headless", "--no-sandbox", "--disable-gpu", ...flags],
      ...["--virtual-time-budget=20000", "--dump-dom", `file://${file}`],
    ],
    stderr: "null",
    signal: AbortSignal.timeout(120_000),
  }).output();
  const dom = new TextDecoder().decode(stdout);
  const [, seen] = /<pre id="seen">(.*?)<\/pre>/s.exec(dom) ?? [];
  assert(seen !== undefined, "The page was not read to its end");
  return JSON.parse(seen.replaceAll("&gt;", ">").replaceAll("&amp;", "&"));
}
