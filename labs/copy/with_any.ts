// Copyright 2026 the lab9 authors. MIT license.

import ts from "typescript";

/**
 * JavaScript as TypeScript that passes a strict check: whatever would have no
 * type, or too narrow a one, is `any`. The code and its comments stay as they
 * are.
 */
export function withAny(text: string): string {
  const file = ts.createSourceFile(
    "module.ts",
    text,
    ts.ScriptTarget.Latest,
    true,
    ts.ScriptKind.TS,
  );
  const edits: [at: number, text: string][] = [];
  const visit = (node: ts.Node): void => {
    if (isUntyped(node)) {
      edits.push([node.name.end, isOptional(node) ? "?: any" : ": any"]);
    }
    // It would narrow what is `any`, to less than the code takes it for.
    if (isInstanceOf(node)) {
      edits.push([node.left.getStart(file), "("], [node.left.end, " as any)"]);
    }
    ts.forEachChild(node, visit);
  };
  visit(file);
  let result = text;
  for (const [at, insert] of edits.sort(([a], [b]) => b - a)) {
    result = result.slice(0, at) + insert + result.slice(at);
  }
  return result;
}

/** Whether a parameter may be left out: in JavaScript any may. */
function isOptional(node: ts.Node): boolean {
  if (!ts.isParameter(node) || ts.isSetAccessor(node.parent)) return false;
  const { parameters } = node.parent;
  return parameters.slice(parameters.indexOf(node)).every((parameter) =>
    ts.isIdentifier(parameter.name) || parameter.initializer !== undefined
  ) && node.initializer === undefined && node.dotDotDotToken === undefined &&
    ts.isIdentifier(node.name);
}

function isInstanceOf(node: ts.Node): node is ts.BinaryExpression {
  return ts.isBinaryExpression(node) &&
    node.operatorToken.kind === ts.SyntaxKind.InstanceOfKeyword;
}

function isUntyped(
  node: ts.Node,
): node is ts.ParameterDeclaration | ts.VariableDeclaration {
  if (ts.isParameter(node) || ts.isPropertyDeclaration(node)) return true;
  if (!ts.isVariableDeclaration(node)) return false;
  const { parent } = node;
  if (ts.isCatchClause(parent)) return true;
  if (
    ts.isForOfStatement(parent.parent) || ts.isForInStatement(parent.parent)
  ) {
    return false;
  }
  return node.initializer === undefined ||
    !(ts.isLiteralExpression(node.initializer) ||
      ts.isArrowFunction(node.initializer));
}
