// Copyright 2026 the lab9 authors. MIT license.

/**
 * What the reader has edited, as modules for a worker.
 *
 * @module
 */

import { piecesOf } from "../../runner/report/source.ts";
import type { Compiled, Problem } from "../editor/compile.ts";

/** The page's editor, which is loaded once something is edited. */
export type EditorModule = typeof import("../editor/editor.ts");

/** Where labs are, and what they import. */
const LABS = new URL("labs/", document.baseURI).href;
const IMPORTS: Readonly<Record<string, string>> = {
  "@lab9/concurrency": `${LABS}concurrency.js`,
  "@lab9/concurrency/explore": `${LABS}explore.js`,
  "./notebook/cell.ts": `${LABS}cells.js`,
  "./notebook/python/mod.ts": `${LABS}python.js`,
};
const SERVER = `${LABS}edited.js`;

let loading: Promise<EditorModule> | undefined;
let loaded: EditorModule | undefined;

/** Loads the editor; what can't be loaded is tried again the next time. */
export function loadEditor(): Promise<EditorModule> {
  // A bundle of its own: the page's is smaller without.
  const url = new URL("editor.js", document.baseURI).href;
  loading ??= import(url);
  loading.then((module) => loaded = module, () => loading = undefined);
  return loading;
}

/** Where a line of a module stands for the reader. */
export interface Place {
  /** The cell, if it is one's. */
  number?: string;
  line: number;
}

/** A mistake, and the cell that has it, if one has. */
export interface Misplaced {
  problem: Problem;
  number?: string;
}

/** Modules for a worker, until they are disposed of. */
export class Program {
  /** Where the worker's first module is. */
  readonly script: string;
  #name: string;
  #module: string;
  #describe: (line: number) => string;

  /**
   * Makes the worker's first module.
   *
   * @param name What the reader calls the module that was edited.
   * @param code The module, compiled.
   * @param serve What serves it, by the name of a function and its arguments.
   * @param describe Says what the reader calls a line.
   */
  constructor(
    name: string,
    code: string,
    serve: (load: string) => string,
    describe: (line: number) => string,
  ) {
    this.#name = name;
    // Stacks and schedules name a module by the end of its URL.
    this.#module = `${urlOf(code)}#${name}`;
    this.script = urlOf(
      `import * as server from "${SERVER}";\n` +
        `server.${serve(`() => import("${this.#module}")`)};`,
    );
    this.#describe = describe;
  }

  /** A text with the reader's lines, and without those of the page's modules. */
  explain(text: string): string {
    if (!text.includes(this.#module)) return text;
    const place = new RegExp(
      `${this.#module.replaceAll(".", "\\.")}:(\\d+):\\d+`,
      "g",
    );
    return text.replace(place, (_, line) => this.#describe(Number(line)))
      .replaceAll(this.#module, this.#name)
      .split("\n")
      .filter((line) => !line.includes(LABS) && !line.includes(this.script))
      .join("\n");
  }

  [Symbol.dispose](): void {
    URL.revokeObjectURL(this.script);
    URL.revokeObjectURL(this.#module.replace(/#.*/, ""));
  }
}

function urlOf(code: string): string {
  return URL.createObjectURL(new Blob([code], { type: "text/javascript" }));
}

/**
 * Makes a program of a lab of which cells were edited.
 *
 * @param name The lab.
 * @param text Its module.
 * @param edited The cells, by their numbers, that were edited.
 */
export function labProgram(
  name: string,
  text: string,
  edited: ReadonlyMap<string, string>,
): Program | Misplaced {
  const { check, compile } = loaded!;
  for (const [number, code] of edited) {
    const problem = check(code);
    if (problem !== undefined) return { problem, number };
  }
  const { lines, places } = assemble(text, edited);
  const compiled: Compiled = compile(lines.join("\n"), {
    imports: IMPORTS,
    server: SERVER,
  });
  if ("problem" in compiled) {
    const { problem } = compiled;
    const { number, line }: Place = places[problem.line - 1] ?? problem;
    return { problem: { ...problem, line }, number };
  }
  const file = `${name}.ts`;
  return new Program(
    file,
    compiled.code,
    (load) => `serveLab(${load})`,
    (at) => {
      const { number, line = at } = places[at - 1] ?? {};
      const where = number === undefined ? file : `${name}:${number}`;
      return `${where}, line ${line}`;
    },
  );
}

/** A lab's module with edited cells, and where each of its lines comes from. */
export function assemble(
  text: string,
  edited: ReadonlyMap<string, string>,
): { lines: string[]; places: Place[] } {
  const original = text.split("\n");
  const lines: string[] = [];
  const places: Place[] = [];
  const seen = new Set<string>();
  const add = (added: string[], number?: string) => {
    added.forEach((line, i) => {
      lines.push(line);
      places.push({
        number,
        line: number === undefined ? lines.length : i + 1,
      });
    });
  };
  let at = 0;
  for (const { number, start, end } of piecesOf(original)) {
    add(original.slice(at, start));
    const code = edited.get(number);
    // What stands twice is edited as one, and is where the first was.
    if (code === undefined) add(original.slice(start, end), number);
    else if (!seen.has(number)) add([...code.split("\n"), ""], number);
    seen.add(number);
    at = end;
  }
  add(original.slice(at));
  return { lines, places };
}

/**
 * Makes a program of an exercise.
 *
 * @param name The exercise.
 * @param text Its program.
 * @param prestart How many workers are to be at hand before its clock starts.
 */
export function exerciseProgram(
  name: string,
  text: string,
  prestart: number,
): Program | Problem {
  const compiled: Compiled = loaded!.compile(text, {
    imports: IMPORTS,
    server: SERVER,
    isProgram: true,
    prestart,
  });
  if ("problem" in compiled) return compiled.problem;
  return new Program(
    name,
    compiled.code,
    (load) => `serveExercise("${name}", ${load})`,
    (line) => `${name}, line ${line}`,
  );
}
