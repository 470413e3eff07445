// Copyright 2026 the lab9 authors. MIT license.

/**
 * What of the modules a script uses: from its own statements on, each top-level
 * declaration that something kept refers to, and what else the modules of kept
 * declarations do when they load.
 *
 * @module
 */

import ts from "typescript";
import { Members } from "./members.ts";
import { CopyError } from "./modules.ts";
import {
  type Binding,
  declaredBy,
  type External,
  isReference,
  isType,
  isTypeOnly,
  type Meaning,
  type Program,
  type Source,
} from "./program.ts";

/** What goes into the copy besides the script itself. */
export interface Kept {
  /** In the order in which they run. */
  sources: Source[];
  statements: Set<ts.Statement>;
  /** Which parts of classes there are. */
  members: Members;
  bindings: Set<Binding>;
  externals: External[];
  /** Declarations of types for functions that are written elsewhere. */
  overloads: Map<Binding, Binding>;
}

/** What the script, the first of the sources, uses of the others. */
export function shake(program: Program): Kept {
  const shaker = new Shaker(program);
  const [entry] = program.sources;
  for (const statement of entry.file.statements) shaker.use(statement);
  for (const source of imports(program, entry)) {
    if (!source.module.isLibrary) shaker.keepModule(source);
  }
  return shaker.kept(runOrder(program, entry));
}

class Shaker {
  readonly #program: Program;
  readonly #entry: Source;
  readonly #modules = new Set<Source>();
  /** Those that run, and aren't there for their types alone. */
  readonly #running = new Set<Source>();
  readonly #statements = new Set<ts.Statement>();
  readonly #bindings = new Set<Binding>();
  readonly #externals = new Map<string, External>();
  readonly #overloads = new Map<Binding, Binding>();
  readonly #members: Members;

  constructor(program: Program) {
    this.#program = program;
    this.#members = new Members(program, (node) => this.use(node));
    this.#entry = program.sources[0];
  }

  kept(order: Source[]): Kept {
    return {
      sources: order.filter((source) => this.#modules.has(source)),
      statements: this.#statements,
      members: this.#members,
      bindings: this.#bindings,
      externals: [...this.#externals.values()],
      overloads: this.#overloads,
    };
  }

  /** Keeps what a statement, or a part of one, refers to. */
  use(node: ts.Node): void {
    if (ts.isImportDeclaration(node) || this.#members.isDropped(node)) return;
    this.#members.note(node);
    if (ts.isIdentifier(node) && isReference(node)) this.#refer(node);
    ts.forEachChild(node, (child) => this.use(child));
  }

  #refer(node: ts.Identifier): void {
    const meaning = this.#program.meaningOf(node);
    // What the script names it gets as a value, whose type it may take.
    const isValue = this.#program.sourceOf(node) === this.#entry ||
      !isType(node) && !this.#isOfInterface(node);
    if (meaning.is === "module") this.#useMember(node, meaning.source);
    else this.#keep(meaning, isValue);
  }

  /** Whether a name is that of a class which only types name, or of its base. */
  #isOfInterface({ parent }: ts.Identifier): boolean {
    return this.#members.isInterface(parent) ||
      ts.isExpressionWithTypeArguments(parent) &&
        this.#members.isInterface(parent.parent.parent);
  }

  /** Of a module that was imported as a whole, what is taken of it. */
  #useMember(node: ts.Identifier, source: Source): void {
    const { parent } = node;
    const name = ts.isPropertyAccessExpression(parent) ? parent.name : ts
        .isQualifiedName(parent)
      ? parent.right
      : undefined;
    const members = this.#program.exportsOf(source);
    if (name !== undefined) {
      const member = members.get(name.text);
      if (member !== undefined) this.#keep(member);
    } else {
      members.forEach((member) => this.#keep(member));
    }
  }

  #keep(meaning: Meaning, isValue = true): void {
    if (meaning.is === "external") {
      const { from, name } = meaning.external;
      this.#externals.set(`${name} ${from}`, meaning.external);
    }
    if (meaning.is === "binding") this.#keepBinding(meaning.binding, isValue);
  }

  #keepBinding(binding: Binding, isValue: boolean): void {
    if (binding.source === this.#entry) {
      // It is there anyway; but nothing below may need it.
      return;
    }
    const isNew = !this.#bindings.has(binding);
    this.#bindings.add(binding);
    this.#modules.add(binding.source);
    const implementation = this.#program.implementationOf(binding);
    if (implementation !== undefined && isNew) {
      this.#overloads.set(implementation, binding);
      this.#keepBinding(implementation, isValue);
    }
    for (const statement of binding.statements) {
      this.#keepStatement(statement, isValue);
    }
    const isRunning = [...binding.statements].some((statement) =>
      !isTypeOnly(statement) && !this.#members.isInterface(statement)
    );
    if (isRunning) this.keepModule(binding.source);
  }

  #keepStatement(statement: ts.Statement, isValue = true): void {
    const source = this.#program.sourceOf(statement);
    if (ts.isClassDeclaration(statement) && source.module.isLibrary) {
      if (!this.#members.add(statement, isValue)) return;
    } else if (this.#statements.has(statement)) return;
    this.#statements.add(statement);
    this.use(statement);
    for (const name of declaredBy(statement)) {
      this.#keepBinding(source.bindings.get(name)!, isValue);
    }
  }

  /** Keeps what a module does when it is loaded; of the script's own, all. */
  keepModule(source: Source): void {
    if (source === this.#entry || this.#running.has(source)) return;
    this.#running.add(source);
    this.#modules.add(source);
    for (const statement of source.file.statements) {
      if (ts.isExportDeclaration(statement) || isForProgram(statement)) {
        continue;
      }
      if (ts.isImportDeclaration(statement)) {
        const { text } = statement.moduleSpecifier as ts.StringLiteral;
        const imported = this.#program.imported(source, text);
        const isForEffect = statement.importClause === undefined;
        if (isForEffect && imported === undefined) {
          throw new CopyError(
            `Cannot copy ${source.module.title}: it imports '${text}'`,
          );
        }
        if (imported && (isForEffect || !imported.module.isLibrary)) {
          this.keepModule(imported);
        }
      } else if (!source.module.isLibrary || acts(statement)) {
        this.#keepStatement(statement);
      }
    }
  }
}

/** Whether a statement does something when its module loads. */
function acts(statement: ts.Statement): boolean {
  return declaredBy(statement).length === 0 && !isTypeOnly(statement);
}

/** Whether a statement is for the module that is the program: no other is. */
function isForProgram(statement: ts.Statement): boolean {
  return ts.isIfStatement(statement) && statement.elseStatement === undefined &&
    statement.expression.getText() === "import.meta.main";
}

/** The modules in the order in which they run, then those that only have types. */
function runOrder(program: Program, entry: Source): Source[] {
  const order = new Set<Source>();
  const visiting = new Set<Source>();
  const visit = (source: Source) => {
    if (visiting.has(source)) return;
    visiting.add(source);
    for (const imported of imports(program, source)) visit(imported);
    order.add(source);
  };
  // The explorer replaces Atomics before the library takes them.
  const first = program.sources.find(({ module }) =>
    module.title === "lib/explore/instrument.ts"
  );
  if (first !== undefined) visit(first);
  visit(entry);
  return [...order.union(new Set(program.sources))]
    .filter((source) => source !== entry);
}

/** The modules that a module loads, in order. */
function imports(program: Program, source: Source): Source[] {
  return source.file.statements.flatMap((statement) => {
    if (
      !ts.isImportDeclaration(statement) && !ts.isExportDeclaration(statement)
    ) {
      return [];
    }
    if (isErased(statement) || statement.moduleSpecifier === undefined) {
      return [];
    }
    const { text } = statement.moduleSpecifier as ts.StringLiteral;
    return program.imported(source, text) ?? [];
  });
}

function isErased(node: ts.ImportDeclaration | ts.ExportDeclaration): boolean {
  if (ts.isExportDeclaration(node)) return node.isTypeOnly;
  const clause = node.importClause;
  if (clause === undefined) return false;
  if (clause.isTypeOnly) return true;
  const bindings = clause.namedBindings;
  return clause.name === undefined && bindings !== undefined &&
    ts.isNamedImports(bindings) && bindings.elements.length > 0 &&
    bindings.elements.every((element) => element.isTypeOnly);
}

/** Whether a statement is nothing but a type in the copy. */
export function isTypeIn(kept: Kept, statement: ts.Statement): boolean {
  return isTypeOnly(statement) || kept.members.isInterface(statement);
}
