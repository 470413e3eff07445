// Copyright 2026 the lab9 authors. MIT license.

/**
 * What a Python notebook's file holds, nbformat 4: its code cells and what they
 * printed.
 *
 * @module
 */

import { SchemaError } from "../runner/judge/schema.ts";
import { UsageError } from "../runner/usage_error.ts";

/** A code cell of a notebook that has code in it. */
export interface CodeCell {
  /** Its number; null if it was never run. */
  number: number | null;
  /** The headings since the code cell before it. */
  headings: string[];
  source: string;
  output: string;
}

/**
 * Reads the code cells of a notebook's file.
 *
 * @param text The text of the file.
 * @param file Its name, for messages.
 * @returns The cells, in their order. Empty ones are left out: Jupyter leaves one
 * at a notebook's end.
 * @throws {UsageError} If it is no notebook in Python, in nbformat 4, or has no code.
 */
export function readNotebook(text: string, file: string): CodeCell[] {
  let cells: CodeCell[];
  try {
    cells = cellsOf(parse(text));
  } catch (error) {
    if (!(error instanceof SchemaError)) throw error;
    throw new UsageError(`Cannot import ${file}: ${error.message}`);
  }
  if (cells.length > 0) return cells;
  throw new UsageError(`Cannot import ${file}: the notebook has no code cell`);
}

function parse(text: string): Record<string, unknown> {
  let notebook: unknown;
  try {
    notebook = JSON.parse(text);
  } catch {
    throw new SchemaError("", "a notebook, which is JSON", text);
  }
  return objectAt(notebook, "");
}

function cellsOf(notebook: Record<string, unknown>): CodeCell[] {
  const { nbformat, metadata = {}, cells } = notebook;
  if (nbformat !== 4) throw new SchemaError("nbformat", "4", nbformat);
  const { language_info, kernelspec } = objectAt(metadata, "metadata");
  const language = (language_info as { name?: unknown } | undefined)?.name ??
    (kernelspec as { language?: unknown } | undefined)?.language ?? "python";
  if (language !== "python") {
    throw new SchemaError("metadata.language_info.name", "python", language);
  }
  if (!Array.isArray(cells)) throw new SchemaError("cells", "a list", cells);
  const found: CodeCell[] = [];
  let headings: string[] = [];
  for (const [i, cell] of cells.entries()) {
    const path = `cells[${i}]`;
    const { cell_type, source, outputs, execution_count } = objectAt(
      cell,
      path,
    );
    const code = textAt(source, `${path}.source`);
    if (cell_type === "markdown") {
      headings.push(...headingsIn(code));
    }
    if (cell_type !== "code") continue;
    if (execution_count !== null && !Number.isInteger(execution_count)) {
      const expected = "a whole number or null";
      throw new SchemaError(
        `${path}.execution_count`,
        expected,
        execution_count,
      );
    }
    const output = outputOf(outputs, `${path}.outputs`);
    if (code.trim() === "") continue;
    const number = execution_count as number | null;
    found.push({ number, headings, source: code, output });
    headings = [];
  }
  return found;
}

/** The headings of a Markdown text; a comment in a block of code is none. */
function headingsIn(text: string): string[] {
  const prose = text.replace(/^ *(`{3,}|~{3,})[^]*?(?:^ *\1|(?![^]))/gm, "");
  return prose.match(/(?<=^#{1,6} +)\S.*$/gm) ?? [];
}

/** What a cell printed and showed, as text. */
function outputOf(outputs: unknown, path: string): string {
  if (!Array.isArray(outputs)) throw new SchemaError(path, "a list", outputs);
  const texts = outputs.map((output, i) => {
    const at = `${path}[${i}]`;
    const { output_type, name, text, data, ename, evalue } = objectAt(
      output,
      at,
    );
    switch (output_type) {
      case "stream":
        return name === "stderr" ? "" : textAt(text, `${at}.text`);
      case "error":
        return `${ename}: ${evalue}`;
      default: {
        const plain = objectAt(data, `${at}.data`)["text/plain"];
        return plain === undefined
          ? ""
          : textAt(plain, `${at}.data.text/plain`);
      }
    }
  });
  return texts.reduce(
    (all, text) => all + (all === "" || all.endsWith("\n") ? "" : "\n") + text,
    "",
  ).trimEnd();
}

function objectAt(value: unknown, path: string): Record<string, unknown> {
  if (value === null || typeof value !== "object" || Array.isArray(value)) {
    throw new SchemaError(path, "an object", value);
  }
  return value as Record<string, unknown>;
}

/** A text of a notebook: a string, or a list of its lines. */
function textAt(value: unknown, path: string): string {
  if (typeof value === "string") return value;
  if (Array.isArray(value) && value.every((x) => typeof x === "string")) {
    return value.join("");
  }
  throw new SchemaError(path, "text", value);
}
