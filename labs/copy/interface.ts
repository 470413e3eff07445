// Copyright 2026 the lab9 authors. MIT license.

/**
 * A class as an interface, for a copy in which only types name it.
 *
 * @module
 */

import ts from "typescript";

/** A stretch of a text, and what stands there instead. */
export interface Edit {
  start: number;
  end: number;
  text: string;
}

/** Whether an interface has the member: its type is written down, and anyone's. */
export function isShown(member: ts.ClassElement): boolean {
  const { name } = member;
  if (name === undefined || ts.isPrivateIdentifier(name)) return false;
  // Not those that the language calls.
  if (ts.isComputedPropertyName(name) && !ts.isIdentifier(name.expression)) {
    return false;
  }
  const modifiers = ts.getCombinedModifierFlags(member);
  if (modifiers & HIDDEN) return false;
  if (ts.isPropertyDeclaration(member) || ts.isGetAccessor(member)) {
    return member.type !== undefined;
  }
  if (!ts.isMethodDeclaration(member) || member.type === undefined) {
    return false;
  }
  if (member.parameters.some(({ type }) => type === undefined)) return false;
  // What carries out overloads is none of them.
  return member.body === undefined ||
    !(member.parent as ts.ClassDeclaration).members.some((other) =>
      ts.isMethodDeclaration(other) && other.body === undefined &&
      other.name.getText() === name.getText()
    );
}

const HIDDEN = ts.ModifierFlags.Static | ts.ModifierFlags.Private |
  ts.ModifierFlags.Protected;

/** What makes the text of a class that of an interface. */
export function interfaceEdits(
  declaration: ts.ClassDeclaration,
  members: readonly ts.ClassElement[],
): Edit[] {
  const edits: Edit[] = [{
    start: declaration.getStart(),
    end: declaration.name!.getStart(),
    text: "interface ",
  }];
  const [first, ...others] = declaration.heritageClauses ?? [];
  if (first !== undefined) {
    edits.push(
      between(first.getStart(), first.types[0].getStart(), "extends "),
    );
  }
  for (const clause of others) {
    edits.push(between(clause.pos, clause.types[0].getStart(), ", "));
  }
  for (const member of members) edits.push(...memberEdits(member));
  return edits;
}

function memberEdits(member: ts.ClassElement): Edit[] {
  const name = member.name!;
  const isReadonly = ts.isGetAccessor(member) ||
    (ts.getCombinedModifierFlags(member) & ts.ModifierFlags.Readonly) !== 0;
  const edits = [
    between(
      member.getStart(),
      name.getStart(),
      isReadonly ? "readonly " : "",
    ),
  ];
  if (ts.isGetAccessor(member)) {
    edits.push(between(name.end, member.type!.getStart(), ": "));
  }
  if (ts.isPropertyDeclaration(member)) {
    const mark = member.questionToken === undefined ? "" : "?";
    edits.push(between(name.end, member.type!.getStart(), `${mark}: `));
    edits.push(between(member.type!.end, member.end, ";"));
  } else {
    const { body, parameters } = member as ts.MethodDeclaration;
    if (body !== undefined) edits.push(between(body.pos, body.end, ";"));
    for (const parameter of parameters) {
      edits.push(...parameterEdits(parameter));
    }
  }
  return edits;
}

function parameterEdits(parameter: ts.ParameterDeclaration): Edit[] {
  const { name, type, initializer, questionToken } = parameter;
  const isOptional = (initializer ?? questionToken) !== undefined;
  const text = ts.isIdentifier(name) ? name.text : "options";
  return [
    between(
      name.getStart(),
      type!.getStart(),
      `${text}${isOptional ? "?" : ""}: `,
    ),
    between(type!.end, parameter.end, ""),
  ];
}

function between(start: number, end: number, text: string): Edit {
  return { start, end, text };
}
