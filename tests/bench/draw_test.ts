import {
  assertEquals,
  assertNotMatch,
  assertStringIncludes,
} from "@std/assert";
import { stripAnsiCode } from "@std/fmt/colors";
import { draw } from "../../bench/draw.ts";
import { resultOf } from "../../bench/ratios.ts";
import { ratesText, rateText, ratiosText } from "../../bench/report.ts";
import { race } from "../support/bench_race.ts";

const lost = { failure: "hang", message: "It had not ended" } as const;
const result = resultOf(
  race("us", "<them>", "others", "lost"),
  new Map([
    ["us", [{ first: 2, steady: [1] }]],
    ["<them>", [{ first: 3, steady: [20] }]],
    ["others", [{ first: 1, steady: [0.5] }]],
    ["lost", [lost]],
  ]),
  { "race/<them>": 15, "race/others": 0.7, "race/lost": 2 },
);

Deno.test("The picture shows every ratio that there is", () => {
  const svg = draw([result], "Times as fast as …", "here & now");
  assertStringIncludes(svg, "&lt;them&gt;: 20.0 times as fast");
  assertStringIncludes(svg, "here &amp; now");
  assertStringIncludes(svg, ">100×</text>");
  assertEquals(svg.match(/class="bar"/g)?.length, 1);
  assertEquals(svg.match(/class="slower"/g)?.length, 1);
  assertEquals(svg.match(/class="floor"/g)?.length, 2);
  assertNotMatch(svg, /NaN|Infinity|undefined|lost/);
});

Deno.test("A picture of nothing is a picture, too", () => {
  assertNotMatch(draw([], "Nothing", ""), /NaN|Infinity|undefined/);
});

Deno.test("The tables fit 80 columns and leave no one out", () => {
  const rates = stripAnsiCode(ratesText(result, Infinity));
  assertStringIncludes(rates, "lost: hang: It had not ended");
  const ratios = stripAnsiCode(ratiosText([result], Infinity));
  assertStringIncludes(ratios, "20.0×");
  assertEquals(ratios.match(/[✓✗?]/g), ["✓", "✗", "?"]);
  for (const line of `${rates}\n${ratios}`.split("\n")) {
    assertEquals(line.length <= 80, true, line);
  }
});

Deno.test("Rates have three figures", () => {
  assertEquals([0.5, 66.1, 999.6, 66_100, 1e9].map(rateText), [
    "0.500",
    "66.1",
    "1.00k",
    "66.1k",
    "1.00G",
  ]);
});
