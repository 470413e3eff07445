// Copyright 2026 the lab9 authors. MIT license.

/**
 * Refuses scripts that can't be copied as they are: what Deno says of their imports
 * when they load would otherwise be an error in the middle of the copy.
 *
 * @module
 */

import ts from "typescript";
import { CopyError } from "./modules.ts";
import type { Program, Source } from "./program.ts";

/** Checks the imports of the script, and of its other files. */
export function checkImports(program: Program): void {
  for (const source of program.sources) {
    if (source.module.isLibrary) continue;
    for (const statement of source.file.statements) {
      if (
        ts.isImportDeclaration(statement) || ts.isExportDeclaration(statement)
      ) {
        checkNames(program, source, statement);
      }
    }
    checkLater(program, source, source.file);
  }
}

/** Checks that what a statement names is exported where it is taken from. */
function checkNames(
  program: Program,
  source: Source,
  statement: ts.ImportDeclaration | ts.ExportDeclaration,
): void {
  const exported = program.exportedTo(source, statement);
  if (exported === undefined) return;
  const from = statement.moduleSpecifier!.getText();
  if (statement.attributes !== undefined) {
    refuse(source, `it imports ${from} ${statement.attributes.getText()}`);
  }
  const missing = namesIn(statement).find((name) => !exported.has(name));
  if (missing === "default") refuse(source, `${from} has no default export`);
  if (missing !== undefined) {
    refuse(source, `${from} doesn't export '${missing}'`);
  }
}

function refuse({ module }: Source, why: string): never {
  throw new CopyError(`Cannot copy ${module.title}: ${why}`);
}

/** The names that a statement takes from another module. */
function namesIn(
  statement: ts.ImportDeclaration | ts.ExportDeclaration,
): string[] {
  const [byDefault, named] = ts.isImportDeclaration(statement)
    ? [statement.importClause?.name, statement.importClause?.namedBindings]
    : [undefined, statement.exportClause];
  const elements = named !== undefined &&
      (ts.isNamedImports(named) || ts.isNamedExports(named))
    ? [...named.elements]
    : [];
  const names = elements.map(({ name, propertyName }) =>
    (propertyName ?? name).text
  );
  return byDefault === undefined ? names : ["default", ...names];
}

/** Checks that nothing that goes into the copy is imported by a call. */
function checkLater(program: Program, source: Source, node: ts.Node): void {
  if (
    ts.isCallExpression(node) &&
    node.expression.kind === ts.SyntaxKind.ImportKeyword
  ) {
    const [path] = node.arguments;
    if (
      isResolved(path) || ts.isStringLiteralLike(path) &&
        program.imported(source, path.text) !== undefined
    ) {
      const call = node.getText();
      refuse(source, `it calls ${call}, import it at the top of the file`);
    }
  }
  ts.forEachChild(node, (child) => checkLater(program, source, child));
}

/** Whether a node is `import.meta.resolve("./…")`, which Deno doesn't list. */
function isResolved(node: ts.Node): boolean {
  return ts.isCallExpression(node) &&
    node.expression.getText() === "import.meta.resolve" &&
    ts.isStringLiteralLike(node.arguments[0]) &&
    /^\.?\.\//.test(node.arguments[0].text);
}
