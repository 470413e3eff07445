import {
  assert,
  assertEquals,
  assertMatch,
  assertStringIncludes,
} from "@std/assert";
import { stripAnsiCode } from "@std/fmt/colors";
import { unicodeWidth } from "@std/cli/unicode-width";
import { diff, formatDiff } from "../../labs/runner/report/diff.ts";
import { folded } from "../../labs/runner/report/fold.ts";
import { differences } from "../../labs/runner/report/differences.ts";
import { toJson } from "../../labs/runner/report/json.ts";
import { toJunit } from "../../labs/runner/report/junit.ts";
import { recordedLabs } from "../../labs/runner/judge/record.ts";
import { sourcesOf } from "../../labs/runner/report/source.ts";
import { spread } from "../../labs/runner/report/rows.ts";
import type { LabResult } from "../../labs/runner/result.ts";
import { cellsOf, numberOf } from "../../labs/runner/selection.ts";
import { summary } from "../../labs/runner/report/summary.ts";
import { table, wrap } from "../../labs/runner/report/table.ts";
import { judge } from "../../labs/runner/judge/verdict.ts";
import { parseTranscript, sampleOf } from "../support/transcript.ts";

// As text: this needs no permission.
import queueLab from "../../labs/queue.ts" with { type: "text" };

const [threads, , pool, gil] = recordedLabs;

/** A run of a lab that prints the record, with other times. */
function runOf(
  record: typeof threads,
  seconds: Record<string, number>,
  run = 1,
): LabResult {
  const lab = { ...record, command: ["deno"] };
  const text = record.cells.map(({ id, output, rules }) => {
    const time = seconds[id]?.toFixed(4) ?? "$1";
    return `In [${numberOf(id)}]: title of ${id}\n` +
      output.replace(/in (\S+) seconds/, `in ${time} seconds`) +
      (rules.includes("cut") ? ",\n ...]" : "");
  }).join("\n\n");
  const cells = new Map(parseTranscript(text).map((c) => [c.id, c]));
  const machine = { cores: 2, quick: false };
  return {
    lab,
    run,
    cells: cellsOf(lab).map((cell) => {
      const { id, number, recorded, than } = cell;
      const printed = cells.get(number);
      const { title = "", output = "" } = printed ?? {};
      const other = than && cells.get(numberOf(than.id))?.output;
      const samples = printed ? Array(6).fill(sampleOf(output, other)) : [];
      const verdict = judge(cell, { samples, ended: "ended" }, machine);
      return { id, title, recorded, output, timelines: [], verdict };
    }),
  };
}

function summaryOf(results: LabResult[], width: number): string {
  return stripAnsiCode(summary(results, width));
}

const poolRun = runOf(pool, { "pool:8": 3.86, "pool:9": 2, "pool:10": 4 });

Deno.test("summary() says in a sentence what a lab shows", () => {
  assertStringIncludes(
    summaryOf([poolRun], Infinity),
    "Pool.map ran 1.93 times faster than the loop (notebook: 2.02, limit " +
      "here: 2.00).",
  );
  assertStringIncludes(
    summaryOf([runOf(gil, { "gil:34": 2, "gil:35": 2.2 })], Infinity),
    "Threads under the lock ran 1.10 times slower than the loop (notebook: " +
      "1.05).",
  );
  assertStringIncludes(
    summaryOf([runOf(gil, { "gil:34": 2.2, "gil:35": 2 })], Infinity),
    "1.10 times faster than the loop (notebook: 1.05 times slower).",
  );
  assertMatch(
    summaryOf([runOf(threads, {})], Infinity),
    /took 2\.0 seconds \(/,
  );
});

Deno.test("summary() of a lab that isn't recorded claims nothing", () => {
  const cells = poolRun.cells.slice(0, 2).map((cell): typeof cell => {
    const verdict = { ...cell.verdict, verdict: "skipped" as const };
    return { ...cell, id: cell.id.replace("pool", "race"), verdict };
  });
  const lab = { ...poolRun.lab, sentence: undefined };
  assertStringIncludes(
    summaryOf([{ ...poolRun, lab, cells }], Infinity),
    "None of 2 cells was judged.",
  );
  cells[0].verdict = { ...cells[0].verdict, verdict: "reproduced" };
  assertStringIncludes(
    summaryOf([{ ...poolRun, lab, cells }], Infinity),
    "1 of 2 cells were reproduced, 1 skipped.",
  );
});

Deno.test("summary() has a row a cell", () => {
  const lines = summaryOf([poolRun], Infinity).split("\n");
  const cell = (id: string) => lines.find((line) => line.startsWith(`${id} `))!;
  for (const { id } of cellsOf(pool)) assert(cell(id), id);
  assertMatch(
    cell("pool:8"),
    /title of pool:8 +✓ reproduced \(rule seconds\) +3\.86 s +10\.82 s$/,
  );
  assertMatch(
    cell("pool:10"),
    /✗ differs \(its time\) +4\.00 s +×0\.96 +0\.96–0\.96 of 6 +5\.08 s +×2\.13$/,
  );
  assertEquals(lines.at(-1), "8 reproduced, 1 different");
});

Deno.test("summary() fits the terminal", () => {
  for (const width of [50, 60, 80, 120, 160]) {
    for (const line of summaryOf([poolRun], width).split("\n")) {
      assert(unicodeWidth(line) <= width, `${width}: ${line}`);
    }
  }
});

Deno.test("summary() tells the median and the spread of several runs", () => {
  const results = [2, 4, 1.9].map((seconds, i) =>
    runOf(pool, { "pool:8": 4, "pool:9": seconds, "pool:10": 2 }, i + 1)
  );
  const text = summaryOf(results, Infinity);
  assertMatch(
    text,
    /✓✗✓ differs in 1 of 3 runs \(its time\) +2\.00 s +1\.90–4\.00 +×2\.00/,
  );
  assertMatch(text, /✓✓✓ reproduced in 3 of 3 runs \(rule seconds\)/);
  assertStringIncludes(text, "Pool.map ran 2.00 times faster");
});

Deno.test("spread() is the median, the least and the most", () => {
  assertEquals(spread([3, 1, 2]), { median: 2, least: 1, most: 3 });
  assertEquals(spread([4, 1, null, 2, 3]), { median: 2.5, least: 1, most: 4 });
  assertEquals(spread([null]), undefined);
});

Deno.test("differences() shows recorded, here, and what was expected", () => {
  const [heading, recorded, here, expected] = differences(poolRun, 1, Infinity)
    .map(stripAnsiCode);
  assertEquals(
    heading,
    "pool:10 (title of pool:10) differs: its time",
  );
  assertEquals(
    recorded,
    "  - recorded: 5.084 s, 2.13 times faster than pool:8",
  );
  assertEquals(
    here,
    "  + here: 4 s, 1.04 times slower than pool:8 (×0.96 to ×0.96 in 6 runs)",
  );
  assertStringIncludes(expected, "  expected: at least 1.19 times faster");
});

Deno.test("diff() finds the lines in common", () => {
  const marked = formatDiff(diff([..."abcdefgh"], [..."abxdefghi"]));
  assertEquals(marked, [
    ...["  a", "  b", "- c", "+ x", "  d", "  e", "  …", "  g", "  h", "+ i"],
  ]);
  assertEquals(formatDiff(diff([], ["a"])), ["+ a"]);
  assertEquals(formatDiff(diff(["a"], [])), ["- a"]);
  assertEquals(formatDiff(diff(["a", "b"], ["b", "a"])), [
    ...["- a", "  b", "+ a"],
  ]);
});

Deno.test("diff() compares no more pairs of lines than take a moment", () => {
  const lines = (side: string, count: number) =>
    Array.from({ length: count }, (_, i) => i % 2 === 0 ? `${i}` : side + i);
  const sidesOf = (count: number) =>
    diff(lines("a", count), lines("b", count)).map(({ side }) => side);
  // Every second line is the same.
  assertEquals(new Set(sidesOf(100)).has("both"), true);
  const sides = sidesOf(5000);
  assertEquals(sides.length, 2 * 5000 - 1);
  // All of one side stand before the other's, but for what both begin with.
  assertEquals(sides.lastIndexOf("recorded") < sides.indexOf("here"), true);
  assertEquals(sides.filter((side) => side === "both").length, 1);
});

Deno.test("table() breaks the text of one column", () => {
  const columns = [{ title: "A" }, { title: "B", wraps: true }];
  const text = table(columns, [["1", "one two three four"]], 16);
  assertEquals(stripAnsiCode(text).split("\n"), [
    ...["A  B", "1  one two three", "   four"],
  ]);
  assertEquals(wrap("longer than that", 4), ["longer", "than", "that"]);
});

Deno.test("table() breaks the texts of several columns", () => {
  const columns = [{ title: "A", wraps: true }, { title: "B", wraps: true }];
  const row = ["one two three four five six", "one two three four five"];
  for (const width of [30, 40, 60]) {
    for (
      const line of stripAnsiCode(table(columns, [row], width)).split("\n")
    ) {
      assert(line.length <= width, line);
    }
  }
});

Deno.test("sourcesOf() finds the code of each cell", () => {
  const text = queueLab;
  const sources = sourcesOf(text);
  assertEquals([...sources.keys()], [
    ...["13", "17", "18", "22", "23", "24", "25", "26"],
  ]);
  assertStringIncludes(sources.get("18")!, "export function worker(");
  assertEquals(sources.get("23")!.match(/^cell\(/gm)?.length, 2);
  assertMatch(sources.get("26")!, /^\/\/ As many threads [^]*\}\);$/);
});

Deno.test("toJson() has a verdict a run", () => {
  const report = JSON.parse(toJson([poolRun, { ...poolRun, run: 2 }], 1));
  assertEquals(report.exitCode, 1);
  const cell = report.labs[0].cells.at(-2);
  assertEquals([cell.id, cell.verdict], ["pool:10", "differs"]);
  assertEquals(cell.runs.length, 2);
  assertEquals(cell.runs[0].verdict, "differs");
  assertEquals(cell.seconds, { median: 4, least: 4, most: 4 });
});

/** Every element is closed, and nothing is left that XML would misread. */
function assertWellFormed(xml: string): void {
  const open: string[] = [];
  const rest = xml.replace(/^<\?xml [^?]*\?>\n<!--[^<>]*-->/, "").replaceAll(
    /<(\/?)([a-z-]+)((?: [a-z]+="[^"<&]*(?:&(?:amp|lt|gt|quot);[^"<&]*)*")*)>/g,
    (_, slash, name) => {
      if (slash === "") open.push(name);
      else assertEquals(open.pop(), name);
      return "";
    },
  );
  assertEquals(open, []);
  assertEquals(rest.replaceAll(/&(amp|lt|gt|quot);/g, "").match(/[<>&]/), null);
}

Deno.test("toJunit() has a case a cell", () => {
  const xml = toJunit([poolRun, { ...poolRun, run: 2, failure: "it failed" }]);
  assertWellFormed(xml);
  assertStringIncludes(
    xml,
    '<testsuites name="labs" tests="19" failures="2" errors="1" skipped="0">',
  );
  assertStringIncludes(xml, '<testsuite name="pool (run 2)" tests="10"');
  assertStringIncludes(xml, '<failure message="differs (its time)">- recorded');
  assertStringIncludes(xml, '<error message="it failed">');
});

Deno.test("toJunit() escapes what a lab prints", () => {
  const result = structuredClone(poolRun);
  const { verdict } = result.cells[0];
  result.cells[0].title = `<a href="x">&\x1b`;
  verdict.verdict = "differs";
  verdict.reason = "its <output>";
  verdict.output = { recorded: ["]]>"], here: ["<b>&\x00"], expected: '"' };
  const xml = toJunit([result]);
  assertWellFormed(xml);
  assertStringIncludes(xml, "pool:3 &lt;a href=&quot;x&quot;&gt;&amp;\ufffd");
  assertStringIncludes(xml, "+ &lt;b&gt;&amp;\ufffd");
});

Deno.test("folded() shortens integers, unless one is missing or twice", () => {
  const upTo = (count: number) =>
    Array.from({ length: count }, (_, i) => `${i}`);
  assertEquals(folded(["a", ...upTo(100), "b"]), ["a", "0 … 99", "b"]);
  assertEquals(folded(upTo(4).reverse()), ["0 … 3 (in another order)"]);
  for (const lines of [upTo(3), ["0", "1", "2", "2"], ["1", "2", "3", "4"]]) {
    assertEquals(folded(lines), lines);
  }
});
