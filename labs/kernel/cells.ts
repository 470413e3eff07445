// Copyright 2026 the lab9 authors. MIT license.

/**
 * The cells of a lab as a notebook has them, out of the lab's own script: each
 * body by itself, with what its context gives it. What other threads run stays
 * in the module beside the notebook; a cell shows it, and imports it.
 *
 * @module
 */

import ts from "typescript";

/** A cell of a lab. */
export interface LabCell {
  /** The lab and the cell's number: `queue:23`. */
  id: string;
  title: string;
  code: string;
}

/** Reads the cells of a lab's script; `exports` is what the module has. */
export function cellsOf(
  lab: string,
  text: string,
  module: string,
  exports: Set<string>,
): LabCell[] {
  const file = ts.createSourceFile(
    `${lab}.ts`,
    text,
    ts.ScriptTarget.Latest,
    true,
  );
  const reader = new Reader(file);
  const cells = reader.read().map(({ id, title, parts }) => ({
    id: `${lab}:${id}`,
    title,
    code: parts.join("\n\n"),
  }));
  const [first] = cells;
  first.code = [...reader.setup, first.code].join("\n\n").trim();
  const used = usedBy(cells, reader.imported.intersection(exports));
  first.code = `${importOf(used, module)}\n\n${first.code}`;
  for (const cell of cells) {
    const defined = reader.exposed.filter((name) =>
      new RegExp(`^//     export (async )?function ${name}\\b`, "m").test(
        cell.code,
      )
    );
    if (defined.length > 0) {
      cell.code += `\n\n${importOf(defined, module)}`;
    }
    cell.code = cell.code.trim();
  }
  return cells;
}

/** Which of the names cells use, but for what they only show. */
function usedBy(cells: LabCell[], names: Set<string>): string[] {
  const code = cells.map((cell) => cell.code).join("\n")
    .replaceAll(/^\/\/.*$/gm, "");
  return [...names].filter((name) =>
    // A name behind a dot is a property's, but behind three it is spread.
    new RegExp(`(?<!\\w|(?<!\\.\\.)\\.)${name}\\b`).test(code)
  );
}

function importOf(names: string[], module: string): string {
  const list = names.sort().join(", ");
  const line = `import { ${list} } from "${module}";`;
  if (line.length <= 80) return line;
  return `import {\n${
    names.map((n) => `  ${n},\n`).join("")
  }} from "${module}";`;
}

interface Read {
  id: string;
  title: string;
  parts: string[];
  hasBody: boolean;
}

class Reader {
  /** What a lab's cells need and no cell shows. */
  readonly setup: string[] = [];
  exposed: string[] = [];
  /** What the script imports; and what a notebook needs besides. */
  readonly imported = new Set(["prestartWorkers", "printed"]);
  readonly #file: ts.SourceFile;
  #workers = "1";

  constructor(file: ts.SourceFile) {
    this.#file = file;
  }

  read(): Read[] {
    const cells: Read[] = [];
    const { statements } = this.#file;
    for (const statement of statements) this.#readRest(statement);
    for (const statement of statements) {
      const call = callOf(statement, "cell");
      const current = cells.at(-1);
      if (call !== undefined) cells.push(this.#cell(statement, call));
      else if (this.#isKept(statement)) {
        const text = this.#shown(statement);
        // A variable may be set by a cell before the one that it stands at.
        const isSetup = current === undefined || current.hasBody ||
          /^let /.test(statement.getText());
        if (isSetup) this.setup.push(text);
        else current.parts.push(text);
      }
    }
    return cells;
  }

  /** The statements that say something about the whole lab. */
  #readRest(statement: ts.Statement): void {
    if (ts.isImportDeclaration(statement)) {
      const named = statement.importClause?.namedBindings;
      if (named !== undefined && ts.isNamedImports(named)) {
        for (const { name } of named.elements) this.imported.add(name.text);
      }
    }
    const call = callOf(statement, "expose");
    const functions = call?.arguments[1];
    if (functions !== undefined && ts.isObjectLiteralExpression(functions)) {
      this.exposed = functions.properties.map(({ name }) => name!.getText());
    }
    const workers = /\brunLab\(\{[^]*?\bworkers: ([^,]+),/.exec(
      statement.getText(),
    );
    if (ts.isIfStatement(statement) && workers) this.#workers = workers[1];
  }

  #isKept(statement: ts.Statement): boolean {
    if (
      ts.isImportDeclaration(statement) || ts.isIfStatement(statement) ||
      callOf(statement, "expose") !== undefined
    ) return false;
    return !ts.isVariableStatement(statement) ||
      !statement.declarationList.declarations.every(({ name }) =>
        this.#isOption(name.getText())
      );
  }

  /** Whether a name is used by nothing but the options of cells. */
  #isOption(name: string): boolean {
    let uses = 0;
    let isOnly = true;
    for (const statement of this.#file.statements) {
      const options = callOf(statement, "cell")?.arguments[2];
      const visit = (node: ts.Node, isInside: boolean) => {
        if (ts.isIdentifier(node) && node.text === name) {
          const { parent } = node;
          if (ts.isVariableDeclaration(parent) && parent.name === node) {
            // Another variable of the name, in a function, is not this one.
            return;
          }
          uses++;
          if (!isInside && isFree(node)) isOnly = false;
        }
        ts.forEachChild(
          node,
          (child) => visit(child, isInside || child === options),
        );
      };
      visit(statement, false);
    }
    return uses > 0 && isOnly;
  }

  #cell(statement: ts.Statement, call: ts.CallExpression): Read {
    const [id, title, options, body] = call.arguments;
    const about = commentsBefore(statement);
    const parts = about === "" ? [] : [about];
    if (body !== undefined) {
      const code = this.#body(body);
      const prestart = this.#option(options, "prestart");
      const pause = this.#option(options, "pause") ?? "";
      const count = prestart?.replace(/^\(.*\) => /, "");
      const lines = count === undefined ? [] : [
        `await prestartWorkers(${
          count === "workers" ? this.#workers : count
        });`,
      ];
      lines.push(code);
      lines.push(`await printed(${pause});`);
      parts.push(lines.join("\n"));
    }
    return {
      id: textOf(id),
      title: textOf(title),
      parts: about === "" ? parts : [parts.join("\n")],
      hasBody: body !== undefined,
    };
  }

  /** An option of a cell, as written; also if it stands in a constant. */
  #option(
    options: ts.Expression | undefined,
    name: string,
  ): string | undefined {
    if (options === undefined) return undefined;
    if (ts.isIdentifier(options)) {
      for (const statement of this.#file.statements) {
        if (!ts.isVariableStatement(statement)) continue;
        for (
          const { name: declared, initializer } of statement.declarationList
            .declarations
        ) {
          if (declared.getText() === options.text) {
            return this.#option(initializer, name);
          }
        }
      }
    }
    if (!ts.isObjectLiteralExpression(options)) return undefined;
    for (const property of options.properties) {
      if (
        ts.isPropertyAssignment(property) && property.name.getText() === name
      ) return property.initializer.getText();
    }
  }

  /** The code of a cell's body, with what its context holds before it. */
  #body(body: ts.Expression): string {
    const context = `{ workers: ${this.#workers}, quick: false }`;
    if (!ts.isArrowFunction(body)) {
      return `await ${body.getText()}(${context});`;
    }
    const [parameter] = body.parameters;
    const before = parameter === undefined
      ? ""
      : `const ${parameter.name.getText()} = ${context};\n`;
    if (!ts.isBlock(body.body)) return `${before}${body.body.getText()};`;
    const { text } = this.#file;
    const inner = text.slice(body.body.pos, body.body.end).trim().slice(1, -1);
    return before + dedented(inner);
  }

  /** A top-level statement; as a comment, if the module has it. */
  #shown(statement: ts.Statement): string {
    const comments = commentsBefore(statement);
    const text = statement.getText();
    if (!/^export /.test(text)) {
      return comments === "" ? text : `${comments}\n${text}`;
    }
    const lines = `${comments === "" ? "" : `${comments}\n`}${text}`.split("\n")
      .map((line) => line === "" ? "//" : `//     ${line}`);
    return lines.join("\n");
  }
}

/** Whether an identifier refers to something, and no scope has another. */
function isFree(node: ts.Identifier): boolean {
  const { parent } = node;
  if (ts.isPropertyAccessExpression(parent) && parent.name === node) {
    return false;
  }
  for (let at: ts.Node = parent; at !== undefined; at = at.parent) {
    if (!ts.isBlock(at)) continue;
    for (const statement of at.statements) {
      if (
        ts.isVariableStatement(statement) &&
        statement.declarationList.declarations.some(({ name }) =>
          name.getText() === node.text
        )
      ) return false;
    }
  }
  return true;
}

function callOf(
  statement: ts.Statement,
  name: string,
): ts.CallExpression | undefined {
  if (!ts.isExpressionStatement(statement)) return undefined;
  const { expression } = statement;
  const isCall = ts.isCallExpression(expression) &&
    expression.expression.getText() === name;
  return isCall ? expression : undefined;
}

function textOf(node: ts.Expression): string {
  return ts.isStringLiteralLike(node) ? node.text : node.getText();
}

function commentsBefore(statement: ts.Statement): string {
  const { text } = statement.getSourceFile();
  const ranges = ts.getLeadingCommentRanges(text, statement.getFullStart());
  return (ranges ?? []).map(({ pos, end }) => text.slice(pos, end)).join("\n");
}

function dedented(text: string): string {
  const lines = text.replace(/^\s*\n/, "").trimEnd().split("\n");
  const depth = /^ */.exec(lines[0])![0].length;
  return lines.map((line) => line.slice(Math.min(depth, indentOf(line))))
    .join("\n");
}

function indentOf(line: string): number {
  return /^ */.exec(line)![0].length;
}
