// Copyright 2026 the lab9 authors. MIT license.

/**
 * What each name in the modules means: the top-level declaration of one of them,
 * an import that stays an import, or something global.
 *
 * @module
 */

import ts from "typescript";
import { CopyError, type Module } from "./modules.ts";

/** A name that a module declares at its top level. */
export interface Binding {
  source: Source;
  /** Its name there; `default` for a default export without one. */
  name: string;
  /** All that declares it: a class, the overloads of a function, … */
  statements: Set<ts.Statement>;
}

/** A module and its syntax. */
export interface Source {
  module: Module;
  file: ts.SourceFile;
  bindings: Map<string, Binding>;
}

/** Something that is imported in the copy as well. */
export interface External {
  /** What it is imported from. */
  from: string;
  /** The name there; `*` for all of it. */
  name: string;
}

/** What an identifier refers to. */
export type Meaning =
  | { is: "binding"; binding: Binding }
  | { is: "external"; external: External }
  /** A module as a whole: `import * as name`. */
  | { is: "module"; source: Source }
  | { is: "global" }
  | { is: "local" };

/** The modules, parsed and bound. */
export class Program {
  readonly sources: Source[] = [];
  readonly #checker: ts.TypeChecker;
  readonly #byFile = new Map<ts.SourceFile, Source>();
  readonly #bySpecifier = new Map<string, Source>();
  #public: Set<Binding> | undefined;

  constructor(modules: Module[]) {
    const paths = new Map(modules.map((m) => [m.specifier, pathFor(m)]));
    const texts = new Map(modules.map((m) => [paths.get(m.specifier)!, m]));
    const program = ts.createProgram({
      rootNames: [...texts.keys()],
      options: {
        lib: [
          "lib.esnext.d.ts",
          "lib.dom.d.ts",
          "lib.dom.iterable.d.ts",
          "lib.dom.asynciterable.d.ts",
        ],
        strict: true,
        noResolve: false,
        allowImportingTsExtensions: true,
        module: ts.ModuleKind.ESNext,
        moduleResolution: ts.ModuleResolutionKind.Bundler,
        target: ts.ScriptTarget.ESNext,
        types: [],
      },
      host: hostOf(texts, paths),
    });
    this.#checker = program.getTypeChecker();
    for (const module of modules) {
      const file = program.getSourceFile(paths.get(module.specifier)!)!;
      const source = { module, file, bindings: bindingsOf(module, file) };
      for (const binding of source.bindings.values()) binding.source = source;
      this.sources.push(source);
      this.#byFile.set(file, source);
      this.#bySpecifier.set(module.specifier, source);
    }
  }

  /** The module that a node is in. */
  sourceOf(node: ts.Node): Source {
    return this.#byFile.get(node.getSourceFile())!;
  }

  /** The module that runs when another imports a specifier; none for externals. */
  imported(source: Source, specifier: string): Source | undefined {
    const resolution = source.module.resolutions.get(specifier);
    return this.#bySpecifier.get(resolution?.code ?? "");
  }

  /** The declarations of a module that are typed in another. */
  implementationOf({ source, name }: Binding): Binding | undefined {
    if (!source.module.isDeclaration) return undefined;
    for (const user of this.sources) {
      for (const { code, types } of user.module.resolutions.values()) {
        if (types !== source.module.specifier || code === undefined) continue;
        const { file } = this.#bySpecifier.get(code)!;
        const symbol = this.#checker.getSymbolAtLocation(file);
        const found = symbol && this.#checker.getExportsOfModule(symbol)
          .find((member) => member.name === name);
        const meaning = found && this.#follow(found);
        if (meaning?.is === "binding") return meaning.binding;
      }
    }
  }

  /** All that a module exports, under its names. */
  exportsOf(source: Source): Map<string, Meaning> {
    const symbol = this.#checker.getSymbolAtLocation(source.file)!;
    return new Map(
      this.#checker.getExportsOfModule(symbol).map((member) => [
        member.name,
        this.#follow(member),
      ]),
    );
  }

  /**
   * The names that a statement may take from another module; none if that isn't
   * part of the copy.
   */
  exportedTo(
    source: Source,
    { moduleSpecifier }: ts.ImportDeclaration | ts.ExportDeclaration,
  ): Set<string> | undefined {
    if (moduleSpecifier === undefined) return undefined;
    const { text } = moduleSpecifier as ts.StringLiteral;
    if (this.imported(source, text) === undefined) return undefined;
    // What declares the module's types tells its names. One that exports nothing
    // has no symbol.
    const module = this.#checker.getSymbolAtLocation(moduleSpecifier);
    const members = module && this.#checker.getExportsOfModule(module);
    return new Set(members?.map(({ name }) => name));
  }

  /** Whether something is a name of the library's face. */
  isPublic(binding: Binding): boolean {
    this.#public ??= new Set(
      this.sources.filter(({ module }) => module.title === "mod.ts")
        .flatMap((source) => [...this.exportsOf(source).values()])
        .flatMap((meaning) => meaning.is === "binding" ? meaning.binding : []),
    );
    return this.#public.has(binding);
  }

  /** What an identifier refers to, where it stands. */
  meaningOf(node: ts.Identifier): Meaning {
    const { parent } = node;
    const symbol = ts.isShorthandPropertyAssignment(parent)
      ? this.#checker.getShorthandAssignmentValueSymbol(parent)
      : ts.isExportSpecifier(parent)
      ? this.#checker.getExportSpecifierLocalTargetSymbol(parent)
      : this.#checker.getSymbolAtLocation(node);
    return symbol === undefined ? { is: "global" } : this.#follow(symbol);
  }

  /**
   * The classes of the modules that have the member a name refers to; undefined
   * if that may be any.
   */
  classesOf(
    name: ts.Identifier | ts.PrivateIdentifier,
  ): ts.ClassDeclaration[] | undefined {
    const symbol = this.#checker.getSymbolAtLocation(name);
    const owners = symbol?.declarations
      ?.filter((declaration) => this.#byFile.has(declaration.getSourceFile()))
      .map(({ parent }) => parent);
    return owners?.every(ts.isClassDeclaration) ? owners : undefined;
  }

  /** The class that a class extends, if that is in one of the modules. */
  baseOf(declaration: ts.ClassDeclaration): ts.ClassDeclaration | undefined {
    const clause = declaration.heritageClauses?.find(({ token }) =>
      token === ts.SyntaxKind.ExtendsKeyword
    );
    const expression = clause?.types[0].expression;
    if (expression === undefined || !ts.isIdentifier(expression)) return;
    const meaning = this.meaningOf(expression);
    if (meaning.is !== "binding") return;
    return [...meaning.binding.statements].find(ts.isClassDeclaration);
  }

  /** Whether a name, where a node stands, means something declared further in. */
  isTaken(name: string, node: ts.Node): boolean {
    // Not in the public types, but the way to ask.
    const checker = this.#checker as unknown as {
      resolveName(
        name: string,
        location: ts.Node,
        meaning: ts.SymbolFlags,
        excludeGlobals: boolean,
      ): ts.Symbol | undefined;
    };
    const found = checker.resolveName(name, node, ANYTHING, true);
    return found !== undefined && this.#follow(found).is === "local";
  }

  #follow(symbol: ts.Symbol): Meaning {
    for (let at: ts.Symbol | undefined = symbol; at !== undefined;) {
      const declaration: ts.Declaration | undefined = at.declarations?.[0];
      if (declaration === undefined) return { is: "global" };
      if (!this.#byFile.has(declaration.getSourceFile())) {
        return { is: "global" };
      }
      if (ts.isSourceFile(declaration)) {
        return { is: "module", source: this.#byFile.get(declaration)! };
      }
      if (!(at.flags & ts.SymbolFlags.Alias)) return this.#declared(at);
      // `export default name;` is an alias and a statement of its own.
      if (ts.isExportAssignment(declaration)) return this.#declared(at);
      const external = this.#externalOf(declaration);
      if (external !== undefined) return { is: "external", external };
      at = (this.#checker as unknown as {
        getImmediateAliasedSymbol(symbol: ts.Symbol): ts.Symbol | undefined;
      }).getImmediateAliasedSymbol(at);
    }
    return { is: "global" };
  }

  #declared(symbol: ts.Symbol): Meaning {
    for (const declaration of symbol.declarations!) {
      const statement = topLevel(declaration);
      if (statement === undefined) continue;
      const source = this.#byFile.get(statement.getSourceFile())!;
      for (const name of [symbol.name, nameOf(declaration)]) {
        const binding = source.bindings.get(name ?? "");
        if (binding !== undefined) return { is: "binding", binding };
      }
    }
    return { is: "local" };
  }

  /** What an import or export specifier names, if it stays an import. */
  #externalOf(declaration: ts.Declaration): External | undefined {
    let node: ts.Node = declaration;
    while (!ts.isImportDeclaration(node) && !ts.isExportDeclaration(node)) {
      if (ts.isSourceFile(node)) return undefined;
      node = node.parent;
    }
    const { moduleSpecifier } = node;
    if (moduleSpecifier === undefined) return undefined;
    const source = this.#byFile.get(node.getSourceFile())!;
    const from = source.module.resolutions.get(
      (moduleSpecifier as ts.StringLiteral).text,
    )?.external;
    if (from === undefined) return undefined;
    if (ts.isNamespaceImport(declaration)) return { from, name: "*" };
    if (
      ts.isImportSpecifier(declaration) || ts.isExportSpecifier(declaration)
    ) {
      return {
        from,
        name: (declaration.propertyName ?? declaration.name).text,
      };
    }
    return { from, name: "default" };
  }
}

const ANYTHING = ts.SymbolFlags.Value | ts.SymbolFlags.Type |
  ts.SymbolFlags.Namespace | ts.SymbolFlags.Alias;

/** A number for each module that was in a program, which tells its path. */
const numbers = new Map<string, number>();

function pathFor(module: Module): string {
  const base = /([^/]+?)(\.d)?\.[a-z]+$/.exec(module.specifier)?.[1] ??
    "module";
  const number = numbers.get(module.specifier) ?? numbers.size;
  numbers.set(module.specifier, number);
  return `/${number}/${base}${module.isDeclaration ? ".d.ts" : ".ts"}`;
}

/** What was parsed, by path: the programs of one run share most of it. */
const parsed = new Map<string, ts.SourceFile>();

function parse(
  path: string,
  text: string,
  options: ts.ScriptTarget | ts.CreateSourceFileOptions,
): ts.SourceFile {
  const known = parsed.get(path);
  if (known?.text === text) return known;
  const file = ts.createSourceFile(path, text, options, true);
  parsed.set(path, file);
  return file;
}

function hostOf(
  texts: Map<string, Module>,
  paths: Map<string, string>,
): ts.CompilerHost {
  return {
    getSourceFile: (path, options) => {
      const module = texts.get(path);
      if (module !== undefined) return parse(path, module.text, options);
      return parsed.get(path) ??
        parse(path, Deno.readTextFileSync(path), options);
    },
    resolveModuleNameLiterals: (literals, file) =>
      literals.map(({ text }) => {
        const resolution = texts.get(file)!.resolutions.get(text);
        const target = resolution?.types ?? resolution?.code;
        const path = target && paths.get(target);
        if (path === undefined) return { resolvedModule: undefined };
        const extension = path.endsWith(".d.ts") ? ".d.ts" : ".ts";
        return { resolvedModule: { resolvedFileName: path, extension } };
      }),
    fileExists: (path) => texts.has(path),
    readFile: (path) => texts.get(path)?.text,
    getDefaultLibFileName: ts.getDefaultLibFilePath,
    getCurrentDirectory: () => "/",
    getCanonicalFileName: (path) => path,
    useCaseSensitiveFileNames: () => true,
    getNewLine: () => "\n",
    writeFile: () => {},
  };
}

/** The names that a module declares at its top level. */
function bindingsOf(
  module: Module,
  file: ts.SourceFile,
): Map<string, Binding> {
  const bindings = new Map<string, Binding>();
  const declare = (name: string, statement: ts.Statement) => {
    let binding = bindings.get(name);
    if (binding === undefined) {
      binding = { source: undefined!, name, statements: new Set() };
      bindings.set(name, binding);
    }
    binding.statements.add(statement);
  };
  for (const statement of file.statements) {
    for (const name of declaredBy(statement)) declare(name, statement);
    if (ts.isModuleDeclaration(statement) && !ts.isIdentifier(statement.name)) {
      throw new CopyError(
        `Cannot copy ${module.specifier}: it declares a module`,
      );
    }
  }
  return bindings;
}

/** The names that a statement declares. */
export function declaredBy(statement: ts.Statement): string[] {
  if (ts.isVariableStatement(statement)) {
    return statement.declarationList.declarations.flatMap(({ name }) =>
      namesIn(name)
    );
  }
  if (ts.isExportAssignment(statement)) return ["default"];
  if (
    ts.isFunctionDeclaration(statement) || ts.isClassDeclaration(statement) ||
    ts.isInterfaceDeclaration(statement) ||
    ts.isTypeAliasDeclaration(statement) || ts.isEnumDeclaration(statement) ||
    ts.isModuleDeclaration(statement)
  ) {
    return [statement.name?.text ?? "default"];
  }
  return [];
}

function namesIn(name: ts.BindingName): string[] {
  if (ts.isIdentifier(name)) return [name.text];
  return name.elements.flatMap((element) =>
    ts.isOmittedExpression(element) ? [] : namesIn(element.name)
  );
}

function nameOf(declaration: ts.Declaration): string | undefined {
  const { name } = declaration as ts.NamedDeclaration;
  return name && ts.isIdentifier(name) ? name.text : undefined;
}

/** The statement of a module that a declaration is part of, if not of a scope. */
function topLevel(declaration: ts.Declaration): ts.Statement | undefined {
  let node: ts.Node = declaration;
  while (
    ts.isVariableDeclaration(node) || ts.isVariableDeclarationList(node) ||
    ts.isBindingElement(node) || ts.isObjectBindingPattern(node) ||
    ts.isArrayBindingPattern(node)
  ) node = node.parent;
  const isStatement = ts.isVariableStatement(node) ||
    ts.isFunctionDeclaration(node) || ts.isClassDeclaration(node) ||
    ts.isInterfaceDeclaration(node) || ts.isTypeAliasDeclaration(node) ||
    ts.isEnumDeclaration(node) || ts.isModuleDeclaration(node) ||
    ts.isExportAssignment(node);
  return isStatement && ts.isSourceFile(node.parent)
    ? node as ts.Statement
    : undefined;
}

/**
 * Calls back for each identifier that refers to something by its name, but for
 * those in the nodes that are left out.
 */
export function forEachReference(
  node: ts.Node,
  callback: (identifier: ts.Identifier) => void,
  isLeftOut: (node: ts.Node) => boolean = () => false,
): void {
  if (isLeftOut(node)) return;
  if (ts.isIdentifier(node)) {
    if (isReference(node)) callback(node);
    return;
  }
  ts.forEachChild(node, (child) => {
    forEachReference(child, callback, isLeftOut);
  });
}

/** Whether an identifier refers to something by its name. */
export function isReference(node: ts.Identifier): boolean {
  const parent = node.parent as ts.Node & {
    name?: ts.Node;
    propertyName?: ts.Node;
    right?: ts.Node;
    label?: ts.Node;
  };
  if (ts.isQualifiedName(parent)) return parent.right !== node;
  // Of another module: `import("node:async_hooks").AsyncLocalStorage`.
  if (ts.isImportTypeNode(parent)) return parent.qualifier !== node;
  if (parent.label === node || parent.propertyName === node) return false;
  if (ts.isMetaProperty(parent)) return false;
  if (parent.name !== node) return true;
  return !(ts.isPropertyAccessExpression(parent) ||
    ts.isPropertyAssignment(parent) || ts.isMethodDeclaration(parent) ||
    ts.isPropertyDeclaration(parent) || ts.isPropertySignature(parent) ||
    ts.isMethodSignature(parent) || ts.isGetAccessor(parent) ||
    ts.isSetAccessor(parent) || ts.isEnumMember(parent) ||
    ts.isNamedTupleMember(parent));
}

/** Whether an identifier stands where a type does. */
export function isType(node: ts.Identifier): boolean {
  let at: ts.Node = node;
  while (ts.isQualifiedName(at.parent)) at = at.parent;
  const { parent } = at;
  if (ts.isTypeReferenceNode(parent)) return true;
  if (!ts.isExpressionWithTypeArguments(parent)) return false;
  const clause = parent.parent;
  return ts.isHeritageClause(clause) &&
    (clause.token === ts.SyntaxKind.ImplementsKeyword ||
      ts.isInterfaceDeclaration(clause.parent));
}

/** Whether a statement declares nothing but types. */
export function isTypeOnly(statement: ts.Statement): boolean {
  return ts.isInterfaceDeclaration(statement) ||
    ts.isTypeAliasDeclaration(statement);
}
