// What becomes of edited TypeScript, in Chromium: the page's editor has a bundle
// of its own.

import { assertEquals } from "@std/assert";
import { chromiumTest, openPage } from "./support/chromium.ts";
import { servePage } from "./support/page.ts";

const labs = new URL("../../labs/", import.meta.url);

/** The labs and the exercises, as they stand. */
function scripts(): [name: string, text: string][] {
  return ["", "exercises/"].flatMap((folder) =>
    [...Deno.readDirSync(new URL(folder, labs))]
      .filter(({ name }) => name.endsWith(".ts"))
      .map(({ name }): [string, string] => [
        name,
        Deno.readTextFileSync(new URL(folder + name, labs)),
      ])
  );
}

/** What is nested, and where something begins or ends together. */
const TRICKY = [
  "let f;\nfor (;;) f = () => 1",
  "const f = () => () => ({ a: 1 }).a",
  "const f = async (x) => (await x, { x });",
  "for (const a of []) for (const b in {}) while (0) do a; while (b)",
  "label: for (;;) { if (1) continue label; else for (;;) break label }",
  "class A { #x = () => 1; constructor() { } get x() { return this.#x } }",
  "class B extends Array {\n  constructor() {\n    super();\n  }\n}",
  "function* g(a = () => 1) { for (;;) yield* g() }",
  "const s = `${[1].map((x) => `${x}`)}` as const satisfies string;",
  "enum E {\n  A = 1,\n  B,\n}\nlet x: E =\n  E.A;",
  "abstract class C<T> {\n  declare y: T;\n  abstract z(): void;\n}",
  "interface I {\n  a: string;\n}\ntype T =\n  | 1\n  | 2;\nlet t!: T;",
  "if (true) for (;;);\nelse (() => 1)()",
];

chromiumTest("Edited code stays on its lines", async (browser) => {
  await using server = await servePage();
  const page = await openPage(browser, server.url);
  const texts: [string, string][] = [
    ...scripts(),
    ...TRICKY.map((text): [string, string] => [text, text]),
  ];
  const options = {
    imports: {
      "@lab9/concurrency": "library",
      "@lab9/concurrency/explore": "explorer",
      "./notebook/cell.ts": "cells",
      "./notebook/python/mod.ts": "python",
    },
    ...{ server: "server", isProgram: true, prestart: 2 },
  };
  const found = await page.evaluate(`import("./editor.js").then((editor) =>
    ${JSON.stringify(texts)}.map(([name, text]) => {
      const { code, problem } = editor.compile(text, ${
    JSON.stringify(options)
  });
      const wrong = problem ?? editor.check(code);
      return [
        name,
        wrong?.message,
        code?.split("\\n").length === text.split("\\n").length,
      ];
    }))`);
  assertEquals(found, texts.map(([name]) => [name, undefined, true]));
  await page.close();
});
