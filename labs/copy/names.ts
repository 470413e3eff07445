// Copyright 2026 the lab9 authors. MIT license.

/**
 * Under which name each thing stands in the copy. Outside, at the top level of
 * the file, are the script's own names, what it imported, and types; inside, in
 * the function that holds the library, what its modules declare, all in one
 * scope. A name changes only if another has it.
 *
 * @module
 */

import ts from "typescript";
import {
  type Binding,
  type External,
  forEachReference,
  isType,
  type Program,
  type Source,
} from "./program.ts";
import { isTypeIn, type Kept } from "./shake.ts";

/** What the script names in the other modules. */
export interface Imported {
  binding: Binding;
  /** The script's name for it. */
  local: string;
  isUsedAsType: boolean;
}

/** A module that the script imports as a whole. */
export interface ImportedModule {
  local: string;
  /** What it takes of it, under the module's names for it. */
  members: Map<string, Binding>;
}

/** The names in a copy. */
export class Names {
  readonly imported: Imported[] = [];
  readonly importedModules: ImportedModule[] = [];
  /** Statements that declare types which the script names as well. */
  readonly lifted = new Set<ts.Statement>();
  /** Names of classes and values, outside. */
  readonly outer = new Map<Binding, string>();
  /** Of those, the classes whose instances are named as types. */
  readonly classTypes = new Set<Binding>();
  /** The function that holds the library. */
  readonly library: string;
  readonly #program: Program;
  readonly #kept: Kept;
  readonly #inner = new Map<Binding, string>();
  #innerNames = new Set<string>();
  readonly #externals = new Map<string, string>();
  /** Every identifier there is: a new name is none of them. */
  readonly #texts = new Set<string>();
  readonly #taken: Set<string>;
  readonly #entryNames: Set<string>;

  constructor(program: Program, kept: Kept) {
    this.#program = program;
    this.#kept = kept;
    const [entry] = program.sources;
    this.#entryNames = new Set(entry.bindings.keys());
    for (const { file } of [entry, ...kept.sources]) {
      collectTexts(file, this.#texts);
    }
    this.#readImports(entry);
    this.#taken = new Set(this.#entryNames);
    this.library = this.#claim("library");
    this.#lift();
    this.#nameExternals();
    this.#nameInner();
  }

  /** Whether something is nothing but a type in the copy. */
  isType({ statements }: Binding): boolean {
    return [...statements].every((one) => isTypeIn(this.#kept, one));
  }

  /** The name of something in the library, for code inside. */
  inner(binding: Binding): string {
    const { overloads } = this.#kept;
    for (const [implementation, overload] of overloads) {
      if (overload === binding) return this.inner(implementation);
    }
    return this.#inner.get(binding) ?? this.outer.get(binding)!;
  }

  /** The name of something imported. */
  external({ name, from }: External): string {
    return this.#externals.get(`${name} ${from}`)!;
  }

  /** Whether a global's name means something else in the copy. */
  isShadowed(name: string, isInside: boolean): boolean {
    return this.#taken.has(name) || (isInside && this.#innerNames.has(name));
  }

  /** A name that nobody has: the one asked for, if it is free. */
  #claim(wanted: string, taken = this.#taken): string {
    let name = wanted;
    for (let i = 2; taken.has(name) || (i > 2 && this.#texts.has(name)); i++) {
      name = `${wanted}${i}`;
    }
    taken.add(name);
    return name;
  }

  #readImports(entry: Source): void {
    for (const statement of entry.file.statements) {
      if (!ts.isImportDeclaration(statement)) continue;
      const clause = statement.importClause;
      const named = clause?.namedBindings;
      const names = named && ts.isNamedImports(named)
        ? named.elements.map(({ name }) => name)
        : [];
      if (clause?.name !== undefined) names.push(clause.name);
      for (const name of names) {
        this.#entryNames.add(name.text);
        const meaning = this.#program.meaningOf(name);
        if (meaning.is !== "binding") continue;
        const uses = usesOf(this.#program, entry, meaning.binding);
        if (uses.length === 0) continue;
        this.imported.push({
          binding: meaning.binding,
          local: name.text,
          isUsedAsType: uses.some(isType),
        });
      }
      if (named !== undefined && ts.isNamespaceImport(named)) {
        this.#entryNames.add(named.name.text);
        const meaning = this.#program.meaningOf(named.name);
        if (meaning.is === "module") {
          this.#readModule(entry, named.name.text, meaning.source);
        }
      }
    }
  }

  #readModule(entry: Source, local: string, source: Source): void {
    const members = new Map<string, Binding>();
    const all = this.#program.exportsOf(source);
    forEachReference(entry.file, (node) => {
      if (node.text !== local || ts.isNamespaceImport(node.parent)) return;
      if (this.#program.meaningOf(node).is !== "module") return;
      const { parent } = node;
      const name = ts.isPropertyAccessExpression(parent)
        ? parent.name.text
        : ts.isQualifiedName(parent)
        ? parent.right.text
        : undefined;
      for (const [key, member] of all) {
        if (member.is === "binding" && (name === undefined || name === key)) {
          if (this.#kept.bindings.has(member.binding)) {
            members.set(key, member.binding);
          }
        }
      }
    });
    this.importedModules.push({ local, members });
  }

  /** Finds what has to be named outside. */
  #lift(): void {
    const members = this.importedModules.flatMap(({ local, members }) =>
      [...members.values()].map((binding) => ({ local, binding }))
    );
    for (const { local, binding } of members) {
      // In a namespace of its own it would refer to itself by its own name.
      const name = this.isType(binding)
        ? `${local}${binding.name}`
        : binding.name;
      if (!this.outer.has(binding)) this.outer.set(binding, this.#claim(name));
    }
    for (const { binding } of members) this.#liftType(binding);
    for (const { binding, local, isUsedAsType } of this.imported) {
      if (!this.isType(binding) && !this.outer.has(binding)) {
        this.outer.set(binding, local);
      }
      if (isUsedAsType) this.#liftType(binding, local);
    }
  }

  #liftType(binding: Binding, local?: string): void {
    const declarations = [...binding.statements];
    const types = declarations.filter((one) => isTypeIn(this.#kept, one));
    const isClass =
      declarations.some((declaration) =>
        ts.isClassDeclaration(declaration) && !types.includes(declaration)
      ) ||
      declarations.some(ts.isEnumDeclaration);
    if (!this.outer.has(binding)) {
      this.outer.set(binding, local ?? this.#claim(binding.name));
    }
    if (isClass) {
      if (this.classTypes.has(binding)) return;
      this.classTypes.add(binding);
      for (const declaration of declarations) {
        if (!ts.isClassDeclaration(declaration)) continue;
        declaration.typeParameters?.forEach((node) => this.#liftUsed(node));
      }
    }
    for (const statement of types) {
      if (this.lifted.has(statement)) continue;
      this.lifted.add(statement);
      this.#liftUsed(statement);
    }
  }

  /** Lifts what a type outside refers to. */
  #liftUsed(node: ts.Node): void {
    forEachReference(node, (name) => {
      const meaning = this.#program.meaningOf(name);
      if (meaning.is !== "binding") return;
      const { binding } = meaning;
      if (isType(name)) this.#liftType(binding);
      else if (!this.outer.has(binding)) {
        this.outer.set(binding, this.#claim(binding.name));
      }
    }, (part) => this.#kept.members.isDropped(part));
  }

  #nameExternals(): void {
    for (const { from, name } of this.#kept.externals) {
      const wanted = name === "*" || name === "default"
        ? /([A-Za-z_$][\w$]*)[^A-Za-z]*$/.exec(from)?.[1] ?? "imported"
        : name;
      this.#externals.set(`${name} ${from}`, this.#claim(wanted));
    }
  }

  #nameInner(): void {
    const renamed = new Set<Binding>();
    for (;;) {
      this.#inner.clear();
      // Outside names that are needed inside: types and imports.
      const taken = new Set(this.#externals.values());
      for (const binding of this.outer.keys()) {
        if (this.isType(binding)) taken.add(this.outer.get(binding)!);
      }
      const first = (binding: Binding) =>
        this.outer.has(binding) ? 0 : this.#program.isPublic(binding) ? 1 : 2;
      const bindings = [...this.#kept.bindings]
        .filter((binding) => !isLiftedWhole(binding, this.lifted))
        .sort((a, b) => first(a) - first(b));
      const overloads = new Set(this.#kept.overloads.values());
      for (const binding of bindings) {
        if (overloads.has(binding)) continue;
        const wanted = binding.name === "default"
          ? "defaultExport"
          : binding.name;
        if (renamed.has(binding)) taken.add(wanted);
        this.#inner.set(binding, this.#claim(wanted, taken));
      }
      this.#innerNames = new Set(this.#inner.values());
      const captured = this.#captured();
      if (captured === undefined) return;
      renamed.add(captured);
    }
  }

  /** Something that a name further in would hide where it is referred to. */
  #captured(): Binding | undefined {
    let captured: Binding | undefined;
    for (const statement of this.#kept.statements) {
      forEachReference(statement, (node) => {
        const meaning = this.#program.meaningOf(node);
        if (meaning.is !== "binding") return;
        const name = this.inner(meaning.binding);
        if (name !== node.text && this.#program.isTaken(name, node)) {
          captured ??= meaning.binding;
        }
      }, (part) => this.#kept.members.isDropped(part));
    }
    return captured;
  }
}

function collectTexts(node: ts.Node, texts: Set<string>): void {
  if (ts.isIdentifier(node)) texts.add(node.text);
  ts.forEachChild(node, (child) => collectTexts(child, texts));
}

function usesOf(
  program: Program,
  entry: Source,
  binding: Binding,
): ts.Identifier[] {
  const uses: ts.Identifier[] = [];
  for (const statement of entry.file.statements) {
    if (ts.isImportDeclaration(statement)) continue;
    forEachReference(statement, (node) => {
      const meaning = program.meaningOf(node);
      if (meaning.is === "binding" && meaning.binding === binding) {
        uses.push(node);
      }
    });
  }
  return uses;
}

function isLiftedWhole(
  { statements }: Binding,
  lifted: Set<ts.Statement>,
): boolean {
  return [...statements].every((statement) => lifted.has(statement));
}
