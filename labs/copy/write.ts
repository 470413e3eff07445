// Copyright 2026 the lab9 authors. MIT license.

/**
 * The text of a copy: the script as it is but for its imports, and below it what
 * it uses. The library stands in a function, which is there before the script's
 * first line runs; that line calls it.
 *
 * @module
 */

import ts from "typescript";
import { type Edit, interfaceEdits } from "./interface.ts";
import { CopyError } from "./modules.ts";
import type { ImportedModule, Names } from "./names.ts";
import {
  type Binding,
  forEachReference,
  type Program,
  type Source,
} from "./program.ts";
import type { Kept } from "./shake.ts";

/** Writes the script and what it uses as one text. */
export function write(program: Program, kept: Kept, names: Names): string {
  return new Writer(program, kept, names).write();
}

class Writer {
  readonly #program: Program;
  readonly #kept: Kept;
  readonly #names: Names;
  readonly #entry: Source;

  constructor(program: Program, kept: Kept, names: Names) {
    this.#program = program;
    this.#kept = kept;
    this.#names = names;
    this.#entry = program.sources[0];
  }

  write(): string {
    return [
      this.#script(),
      this.#imports(),
      this.#types(),
      this.#library(),
    ].filter((part) => part !== "").join("\n");
  }

  get #isAsync(): boolean {
    return [...this.#kept.statements].some(awaits);
  }

  /** The script, with its imports of what is below replaced. */
  #script(): string {
    const { file } = this.#entry;
    const edits: Edit[] = [];
    let isFirst = true;
    for (const statement of file.statements) {
      if (ts.isExportDeclaration(statement) && this.#isBelow(statement)) {
        throw new CopyError(
          `Cannot copy ${this.#entry.module.title}: it exports from ` +
            statement.moduleSpecifier!.getText(),
        );
      }
      if (!ts.isImportDeclaration(statement) || !this.#isBelow(statement)) {
        continue;
      }
      const start = statement.getStart();
      if (isFirst) {
        edits.push({ start, end: statement.end, text: this.#opening() });
        isFirst = false;
      } else {
        const [gap] = /^[^\S\n]*\n?/.exec(file.text.slice(statement.end))!;
        edits.push({ start, end: statement.end + gap.length, text: "" });
      }
    }
    const at = file.statements.findIndex((s) => !ts.isImportDeclaration(s));
    const first = file.statements.findIndex((s) =>
      ts.isImportDeclaration(s) && this.#isBelow(s)
    );
    if (at >= 0 && at < first) {
      throw new CopyError(
        `Cannot copy ${this.#entry.module.title}: its imports must come first`,
      );
    }
    return `${apply(file.text, edits).trimEnd()}\n`;
  }

  #isBelow(statement: ts.ImportDeclaration | ts.ExportDeclaration): boolean {
    if (statement.moduleSpecifier === undefined) return false;
    const { text } = statement.moduleSpecifier as ts.StringLiteral;
    return this.#program.imported(this.#entry, text) !== undefined;
  }

  /** What stands for the script's imports. */
  #opening(): string {
    const { outer, imported, importedModules, library } = this.#names;
    const lines: string[] = [];
    const values = [...outer].filter(([binding]) =>
      !this.#names.isType(binding)
    );
    const properties = values.map(([binding, name]) => {
      const key = this.#names.inner(binding);
      return key === name ? name : `${key}: ${name}`;
    });
    // What is imported by a second name.
    const others = imported.filter(({ binding, local }) =>
      outer.get(binding) !== local
    );
    for (const { binding, local } of others) {
      if (this.#names.isType(binding)) continue;
      properties.push(`${this.#names.inner(binding)}: ${local}`);
    }
    const call = `${this.#isAsync ? "await " : ""}${library}()`;
    if (properties.length > 0) {
      const list = properties.sort(byName).join(", ");
      const line = `const { ${list} } = ${call};`;
      lines.push(
        line.length <= 80
          ? line
          : `const {\n${wrap(properties, "  ")}\n} = ${call};`,
      );
    } else if (this.#hasLibrary) {
      lines.push(`${call};`);
    }
    for (const [binding, name] of outer) {
      if (this.#names.classTypes.has(binding)) {
        lines.push(this.#typeOf(binding, name));
      }
    }
    for (const { binding, local, isUsedAsType } of others) {
      if (isUsedAsType) lines.push(this.#typeOf(binding, local));
    }
    for (const module of importedModules) lines.push(this.#module(module));
    return lines.join("\n");
  }

  /** A name as a type: for a class, what it makes. */
  #typeOf(binding: Binding, name: string, value = name): string {
    const [statement] = binding.statements;
    if (ts.isEnumDeclaration(statement)) {
      return `type ${name} = (typeof ${value})[keyof typeof ${value}];`;
    }
    const parameters = parametersOf(binding);
    const declared = list(parameters.map((parameter) => {
      const part = (word: string, node?: ts.TypeNode) =>
        node === undefined
          ? ""
          : ` ${word} ${this.#render(node, false).trim()}`;
      return parameter.name.text + part("extends", parameter.constraint) +
        part("=", parameter.default);
    }));
    const given = list(parameters.map(({ name }) => name.text));
    const isClass = [...binding.statements].some(ts.isClassDeclaration);
    const type = isClass
      ? `InstanceType<typeof ${value}${given}>`
      : `${this.#names.outer.get(binding)}${given}`;
    return `type ${name}${declared} = ${type};`;
  }

  /** What the script imported as a whole: values in an object, and types. */
  #module({ local, members }: ImportedModule): string {
    const values: string[] = [];
    const types: string[] = [];
    for (const [key, binding] of members) {
      const name = this.#names.outer.get(binding)!;
      const isType = this.#names.isType(binding);
      if (!isType) values.push(key === name ? key : `${key}: ${name}`);
      if (isType || this.#names.classTypes.has(binding)) {
        types.push(`  export ${this.#typeOf(binding, key, name)}`);
      }
    }
    const object = `const ${local} = { ${values.join(", ")} };`;
    if (types.length === 0) return object;
    return [object, `namespace ${local} {`, ...types, "}"].join("\n");
  }

  /** What stays an import. */
  #imports(): string {
    return this.#kept.externals
      .filter((external) => this.#names.external(external) !== undefined)
      .map((external) => {
        const { name, from } = external;
        const local = this.#names.external(external);
        if (name === "*") return `import * as ${local} from "${from}";\n`;
        if (name === "default") return `import ${local} from "${from}";\n`;
        const named = name === local ? name : `${name} as ${local}`;
        return `import { ${named} } from "${from}";\n`;
      }).join("");
  }

  /** The types that the script names. */
  #types(): string {
    const texts = this.#kept.sources.flatMap((source) =>
      source.file.statements
        .filter((statement) => this.#names.lifted.has(statement))
        .map((statement) => this.#statement(statement, false))
    );
    return texts.length === 0 ? "" : `${texts.join("\n").trim()}\n`;
  }

  get #hasLibrary(): boolean {
    return this.#kept.sources.some((source) => this.#section(source) !== "");
  }

  #library(): string {
    const sections = this.#kept.sources
      .map((source) => this.#section(source))
      .filter((section) => section !== "");
    if (sections.length === 0) return "";
    const keys = [...this.#names.outer.keys()]
      .filter((binding) => !this.#names.isType(binding))
      .map((binding) => this.#names.inner(binding))
      .sort(byName);
    const result = `return { ${keys.join(", ")} };`;
    const { library } = this.#names;
    return `// What the script uses of @lab9/concurrency, file by file, as it stands there:
// copyright 2026 the lab9 authors, MIT license. It is a function, so that all of
// it is there when the first line of the script calls it.
//
// deno-fmt-ignore
${this.#isAsync ? "async " : ""}function ${library}() {

${sections.join("\n")}
${result.length <= 80 ? result : `return {\n${wrap(keys, "  ")}\n};`}

}
`;
  }

  /** What is kept of a module, under a heading. */
  #section(source: Source): string {
    const { module, file } = source;
    const statements = file.statements.filter((statement) =>
      this.#kept.statements.has(statement) &&
      !this.#names.lifted.has(statement) && !this.#isOverload(statement)
    );
    if (statements.length === 0) return "";
    const doc = moduleDoc(file);
    const texts = statements.map((statement) =>
      this.#statement(statement, true)
    );
    const about = doc === "" ? "" : `\n${doc}\n`;
    return `// ---- ${module.title} ----\n${about}\n${texts.join("").trim()}\n`;
  }

  #isOverload(statement: ts.Statement): boolean {
    const source = this.#program.sourceOf(statement);
    if (!source.module.isDeclaration) return false;
    return [...this.#kept.overloads.values()].some(({ statements }) =>
      statements.has(statement)
    );
  }

  /** A statement with the comments before it. */
  #statement(statement: ts.Statement, isInside: boolean): string {
    const { text } = statement.getSourceFile();
    const comments = commentsBefore(statement);
    const trailing = ts.getTrailingCommentRanges(text, statement.end) ?? [];
    const after = trailing.map(({ pos, end }) => ` ${text.slice(pos, end)}`);
    const code = this.#render(statement, isInside);
    const types = this.#overloadsOf(statement);
    return `${comments}${types}${code}${after.join("")}\n`;
  }

  /** The types of a function that was JavaScript. */
  #overloadsOf(statement: ts.Statement): string {
    if (!ts.isFunctionDeclaration(statement)) return "";
    for (const [binding, overload] of this.#kept.overloads) {
      if (!binding.statements.has(statement)) continue;
      return [...overload.statements].filter(ts.isFunctionDeclaration)
        .map((declaration) => `${this.#render(declaration, true)}\n`).join("");
    }
    return "";
  }

  /** The text of a node, with the names that things have in the copy. */
  #render(node: ts.Node, isInside: boolean): string {
    const file = node.getSourceFile();
    const edits: Edit[] = [];
    const { members } = this.#kept;
    if (ts.isStatement(node) && !members.isInterface(node)) {
      edits.push(...this.#modifiers(node));
    }
    forEachReference(node, (identifier) => {
      const edit = this.#rename(identifier, isInside);
      if (edit !== undefined) edits.push(edit);
    }, (part) => members.isDropped(part));
    if (ts.isClassDeclaration(node)) edits.push(...this.#membersOf(node));
    forEachMeta(node, (meta) => {
      // Only the script itself can be the program.
      const { parent } = meta;
      if (
        ts.isPropertyAccessExpression(parent) && parent.name.text === "main"
      ) {
        edits.push({
          start: parent.getStart(),
          end: parent.end,
          text: "false",
        });
      }
    });
    if (isInside) {
      // What the project loads only when it is wanted isn't in the copy. An import of
      // it that stayed would be looked for when the copy is bundled.
      forEachImport(node, (call, path) => {
        const error = `new Error("This file has no part ${path}")`;
        const text = `Promise.reject<any>(${error})`;
        edits.push({ start: call.getStart(), end: call.end, text });
      });
    }
    const start = node.getStart(file);
    return apply(file.text.slice(0, node.end), edits, start);
  }

  /** What leaves out a class's unused members, or makes it an interface. */
  #membersOf(declaration: ts.ClassDeclaration): Edit[] {
    const { members } = this.#kept;
    const [kept, dropped] = [false, true].map((isDropped) =>
      declaration.members.filter((one) => members.isDropped(one) === isDropped)
    );
    const edits = dropped.map(({ pos, end }) => ({
      start: pos,
      end,
      text: "",
    }));
    if (!members.isInterface(declaration)) return edits;
    return [...edits, ...interfaceEdits(declaration, kept)];
  }

  #modifiers(statement: ts.Statement): Edit[] {
    if (ts.isExportAssignment(statement)) {
      const binding = this.#program.sourceOf(statement).bindings.get(
        "default",
      )!;
      return [{
        start: statement.getStart(),
        end: statement.expression.getStart(),
        text: `const ${this.#names.inner(binding)} = `,
      }];
    }
    const modifiers = ts.canHaveModifiers(statement)
      ? ts.getModifiers(statement) ?? []
      : [];
    const edits: Edit[] = [];
    for (const modifier of modifiers) {
      const { text } = statement.getSourceFile();
      const gap = /^\s*/.exec(text.slice(modifier.end))![0].length;
      const edit = { start: modifier.getStart(), end: modifier.end + gap };
      switch (modifier.kind) {
        case ts.SyntaxKind.ExportKeyword:
        case ts.SyntaxKind.DefaultKeyword:
          edits.push({ ...edit, text: "" });
          break;
        case ts.SyntaxKind.DeclareKeyword:
          edits.push({ ...edit, text: "" });
          edits.push(...this.#ambient(statement));
      }
    }
    if (ts.isClassDeclaration(statement)) {
      const edit = this.#className(statement);
      if (edit !== undefined) edits.push(edit);
    }
    if (
      (ts.isFunctionDeclaration(statement) ||
        ts.isClassDeclaration(statement)) && statement.name === undefined
    ) {
      const binding = this.#program.sourceOf(statement).bindings.get(
        "default",
      )!;
      const keyword = statement.getChildren().find(({ kind }) =>
        kind === ts.SyntaxKind.FunctionKeyword ||
        kind === ts.SyntaxKind.ClassKeyword
      )!;
      edits.push({
        start: keyword.end,
        end: keyword.end,
        text: ` ${this.#names.inner(binding)}`,
      });
    }
    return edits;
  }

  /** Keeps a class's `name` where the class is called otherwise here. */
  #className(statement: ts.ClassDeclaration): Edit | undefined {
    const name = statement.name?.text;
    const binding = this.#program.sourceOf(statement).bindings.get(name ?? "");
    if (binding === undefined || this.#names.inner(binding) === name) return;
    const { end } = statement.getChildren().find(({ kind }) =>
      kind === ts.SyntaxKind.OpenBraceToken
    )!;
    const text = '\n  static {\n    Object.defineProperty(this, "name", ' +
      `{ value: "${name}" });\n  }`;
    return { start: end, end, text };
  }

  /** A global that a module declares, as a constant: no scope has declarations. */
  #ambient(statement: ts.Statement): Edit[] {
    if (this.#program.sourceOf(statement).module.isDeclaration) return [];
    if (!ts.isVariableStatement(statement)) {
      throw new CopyError(
        `Cannot copy ${this.#program.sourceOf(statement).module.title}: ` +
          `it declares ${statement.getText().split("\n")[0]}`,
      );
    }
    return statement.declarationList.declarations.map((
      { name, type, end },
    ) => ({
      start: end,
      end,
      text: ` = (globalThis as unknown as { ${name.getText()}: ${
        type?.getText() ?? "unknown"
      } }).${name.getText()}`,
    }));
  }

  #rename(node: ts.Identifier, isInside: boolean): Edit | undefined {
    const meaning = this.#program.meaningOf(node);
    let name: string | undefined;
    let target: ts.Node = node;
    switch (meaning.is) {
      case "local":
        return undefined;
      case "global":
        if (!this.#names.isShadowed(node.text, isInside)) return undefined;
        name = `globalThis.${node.text}`;
        break;
      case "external":
        name = this.#names.external(meaning.external);
        break;
      case "binding":
        name = this.#nameOf(meaning.binding, isInside);
        break;
      case "module": {
        const { parent } = node;
        const member = ts.isPropertyAccessExpression(parent)
          ? parent.name
          : ts.isQualifiedName(parent)
          ? parent.right
          : undefined;
        const found = member &&
          this.#program.exportsOf(meaning.source).get(member.text);
        if (found?.is !== "binding") {
          throw new CopyError(
            `Cannot copy ${this.#program.sourceOf(node).module.title}: it ` +
              `uses all of '${node.text}'`,
          );
        }
        name = this.#nameOf(found.binding, isInside);
        target = parent;
      }
    }
    if (name === target.getText()) return undefined;
    const { parent } = node;
    const isShort = ts.isShorthandPropertyAssignment(parent) ||
      (ts.isBindingElement(parent) && parent.name === node &&
        parent.propertyName === undefined && !parent.dotDotDotToken &&
        ts.isObjectBindingPattern(parent.parent));
    return {
      start: target.getStart(),
      end: target.end,
      text: isShort ? `${node.text}: ${name}` : name,
    };
  }

  #nameOf(binding: Binding, isInside: boolean): string {
    return isInside
      ? this.#names.inner(binding)
      : this.#names.outer.get(binding) ?? this.#names.inner(binding);
  }
}

function parametersOf(
  { statements }: Binding,
): readonly ts.TypeParameterDeclaration[] {
  for (const statement of statements) {
    if (
      ts.isClassDeclaration(statement) ||
      ts.isInterfaceDeclaration(statement) ||
      ts.isTypeAliasDeclaration(statement)
    ) return statement.typeParameters ?? [];
  }
  return [];
}

function list(items: string[]): string {
  return items.length === 0 ? "" : `<${items.join(", ")}>`;
}

function awaits(node: ts.Node): boolean {
  if (ts.isAwaitExpression(node)) return true;
  if (ts.isForOfStatement(node) && node.awaitModifier) return true;
  if (ts.isFunctionLike(node) || ts.isClassLike(node)) return false;
  return ts.forEachChild(node, (child) => awaits(child) || undefined) ?? false;
}

function forEachMeta(
  node: ts.Node,
  callback: (meta: ts.MetaProperty) => void,
): void {
  if (
    ts.isMetaProperty(node) && node.keywordToken === ts.SyntaxKind.ImportKeyword
  ) {
    callback(node);
  }
  ts.forEachChild(node, (child) => forEachMeta(child, callback));
}

/** Calls back for the path of each module that is imported later, by an `await`. */
function forEachImport(
  node: ts.Node,
  callback: (call: ts.CallExpression, path: string) => void,
): void {
  if (
    ts.isCallExpression(node) &&
    node.expression.kind === ts.SyntaxKind.ImportKeyword &&
    ts.isStringLiteral(node.arguments[0]) &&
    node.arguments[0].text.startsWith(".")
  ) callback(node, node.arguments[0].text);
  ts.forEachChild(node, (child) => forEachImport(child, callback));
}

/** The comments before a statement, with the empty line before them. */
function commentsBefore(statement: ts.Statement): string {
  const file = statement.getSourceFile();
  const { text } = file;
  let start = statement.getFullStart();
  if (start > 0) {
    // What follows on the line of the statement before belongs to that one.
    const end = text.indexOf("\n", start);
    start = end < 0 ? start : end + 1;
  } else {
    const doc = moduleDoc(file);
    const at = doc === "" ? -1 : text.indexOf(doc);
    start = at < 0 ? 0 : at + doc.length;
  }
  if (start > statement.getStart()) return "\n";
  const comments = text.slice(start, statement.getStart())
    .replace(/^\/\/ Copyright \d+ the lab9 authors.*\n/gm, "");
  return comments;
}

/** The comment about a whole module, where it begins. */
function moduleDoc(file: ts.SourceFile): string {
  const { text } = file;
  const [first] = file.statements;
  if (first === undefined) return "";
  for (const { pos, end } of ts.getLeadingCommentRanges(text, 0) ?? []) {
    const comment = text.slice(pos, end);
    if (comment.startsWith("/**") && comment.includes("@module")) {
      return comment;
    }
  }
  return "";
}

function byName(a: string, b: string): number {
  return a.toLowerCase() < b.toLowerCase() ? -1 : 1;
}

function wrap(items: string[], indent: string): string {
  return items.map((item) => `${indent}${item},`).join("\n");
}

/** The text from `from` on, with each edit made. */
function apply(text: string, edits: Edit[], from = 0): string {
  let result = "";
  let at = from;
  for (const edit of edits.toSorted((a, b) => a.start - b.start)) {
    if (edit.start < at) continue;
    result += text.slice(at, edit.start) + edit.text;
    at = edit.end;
  }
  return result + text.slice(at);
}
