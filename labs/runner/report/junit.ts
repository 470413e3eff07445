// Copyright 2026 the lab9 authors. MIT license.

import { difference } from "./differences.ts";
import { markOf } from "./mark.ts";
import { escape } from "../draw/markup.ts";
import type { CellResult, LabResult } from "../result.ts";
import { describe } from "../judge/verdict.ts";

/**
 * Formats the verdicts as JUnit does: a suite for each run of a lab, and a case for each
 * cell.
 *
 * @param results The runs of the labs.
 */
export function toJunit(results: LabResult[]): string {
  const suites = results.map(suite).join("");
  return `<?xml version="1.0" encoding="UTF-8"?>\n` +
    `<!-- ${markOf("junit")} -->\n` +
    `<testsuites name="labs"${counts(results)}>\n${suites}</testsuites>\n`;
}

function suite(result: LabResult): string {
  const { lab, run, cells, failure } = result;
  const name = run === 1 ? lab.lab : `${lab.lab} (run ${run})`;
  const cases = cells.map((cell) => testCase(name, cell)).join("");
  // If a lab ended early, that is an error of the suite, and not the failure of a cell.
  const error = failure === undefined ? "" : element("testcase", {
    classname: name,
    name: lab.lab,
  }, element("error", { message: failure }));
  return `<testsuite name="${escape(name)}"${counts([result])}>\n` +
    `${cases}${error}</testsuite>\n`;
}

function testCase(suite: string, { id, title, verdict }: CellResult): string {
  const attributes = {
    classname: suite,
    name: `${id} ${title}`.trimEnd(),
    time: `${verdict.seconds ?? 0}`,
  };
  const message = describe(verdict);
  switch (verdict.verdict) {
    case "reproduced":
      return element(
        "testcase",
        attributes,
        element("system-out", {}, message),
      );
    case "inconclusive":
    case "skipped":
      return element("testcase", attributes, element("skipped", { message }));
    case "differs": {
      const text = escape(difference(verdict).join("\n"));
      return element(
        "testcase",
        attributes,
        element("failure", { message }, text),
      );
    }
  }
}

function counts(results: LabResult[]): string {
  const cells = results.flatMap(({ cells }) => cells);
  const count = (kind: string) =>
    cells.filter(({ verdict }) => verdict.verdict === kind).length;
  const errors = results.filter(({ failure }) => failure !== undefined).length;
  return attributes({
    tests: `${cells.length + errors}`,
    failures: `${count("differs")}`,
    errors: `${errors}`,
    skipped: `${count("skipped") + count("inconclusive")}`,
  });
}

function element(
  name: string,
  values: Record<string, string>,
  content = "",
): string {
  return `<${name}${attributes(values)}>${content}</${name}>\n`;
}

function attributes(values: Record<string, string>): string {
  return Object.entries(values)
    .map(([name, value]) => ` ${name}="${escape(value)}"`)
    .join("");
}
