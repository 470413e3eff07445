// Copyright 2026 the lab9 authors. MIT license.

/**
 * Makes of TypeScript that the reader has edited a module that a browser runs.
 * Lines stay where they are, so that an error's line is the reader's.
 *
 * @module
 */

import { tsPlugin } from "@sveltejs/acorn-typescript";
import { type Node, type Options, parse, Parser, type Program } from "acorn";
import { transform } from "sucrase";

/** What is wrong with a text, and where. */
export interface Problem {
  /** From 1. */
  line: number;
  /** From 0. */
  column: number;
  message: string;
}

/** A module, or why there is none. */
export type Compiled = { code: string } | { problem: Problem };

/** What a module is to find. */
export interface CompileOptions {
  /** Where what it imports stands in the page, by the names in the text. */
  imports: Readonly<Record<string, string>>;
  /** Where there are `checkStop()` and `prestart()`. */
  server: string;
  /** Whether it is a program of its own, whose `import.meta.main` may be true. */
  isProgram?: boolean;
  /** How many workers are to be at hand once it has exposed its functions. */
  prestart?: number;
}

/** What is written between the characters of a text. */
interface Insertion {
  at: number;
  text: string;
}

/** No reader would give anything these names. */
const CHECK = "lab9CheckStop";
const PRESTART = "lab9Prestart";

/**
 * Says what is wrong with a text, as far as that is seen without running it.
 *
 * @param text TypeScript.
 * @returns The first mistake, or undefined.
 */
export function check(text: string): Problem | undefined {
  const parsed = parseTypeScript(text);
  return "problem" in parsed ? parsed.problem : undefined;
}

/**
 * Makes a module of a text: without its types, with the page's modules in place
 * of what it imports, and with a look at the Stop button in each loop and each
 * function.
 *
 * @param text TypeScript.
 * @param options What the module is to find.
 */
export function compile(text: string, options: CompileOptions): Compiled {
  const parsed = parseTypeScript(text);
  if ("problem" in parsed) return parsed;
  const { code, program } = parsed;
  const openers: Insertion[] = [];
  const closers: Insertion[] = [];
  const { imports, server, isProgram = false, prestart = 0 } = options;
  for (const { end } of prestart > 0 ? exposing(program) : []) {
    openers.push({ at: end, text: ` await ${PRESTART}(${prestart});` });
  }
  for (const node of nodesOf(program)) {
    const [opener, closer] = checkIn(node);
    if (opener !== undefined) openers.push(opener);
    if (closer !== undefined) closers.push(closer);
    const source = sourceOf(node);
    if (source === undefined) continue;
    const { start, end, value, loc } = source;
    if (!Object.hasOwn(imports, value)) {
      const names = Object.keys(imports).join(", ");
      const message = `Cannot import '${value}', only ${names}`;
      return { problem: { ...loc.start, message } };
    }
    const url = JSON.stringify(imports[value]);
    openers.push({ at: start, text: `${url}/*` }, { at: end, text: "*/" });
  }
  // On the first line, so that the others stay where they are.
  const names = `checkStop as ${CHECK}, prestart as ${PRESTART}`;
  const head = `import { ${names} } from ${JSON.stringify(server)}; ` +
    (isProgram ? 'import.meta.main = globalThis.name !== "lab9 thread"; ' : "");
  return { code: head + inserted(code, openers, closers) };
}

const MODULE: Options = {
  ecmaVersion: "latest",
  sourceType: "module",
  locations: true,
};

function parseTypeScript(
  text: string,
): { code: string; program: Program } | { problem: Problem } {
  try {
    const { code } = transform(text, {
      transforms: ["typescript"],
      disableESTransforms: true,
    });
    return { code, program: parse(code, MODULE) };
  } catch (error) {
    return { problem: locate(text) ?? problemOf(error) };
  }
}

/**
 * Where a mistake is. Sucrase takes an arrow function with one in it for something
 * else, and complains of its first line.
 */
function locate(text: string): Problem | undefined {
  try {
    Parser.extend(tsPlugin()).parse(text, MODULE);
  } catch (error) {
    return problemOf(error);
  }
}

function problemOf(error: unknown): Problem {
  const { message, loc } = error as SyntaxError & {
    loc?: { line: number; column: number };
  };
  const { line = 1, column = 0 } = loc ?? {};
  const said = message.replace(/^Error transforming .*?: /, "")
    .replace(/ \(\d+:\d+\)$/, "");
  return { line, column, message: said };
}

/** A node and all that it consists of. */
function* nodesOf(node: Node): Generator<Node> {
  yield node;
  for (const value of Object.values(node)) {
    for (const child of Array.isArray(value) ? value : [value]) {
      if (isNode(child)) yield* nodesOf(child);
    }
  }
}

function isNode(value: unknown): value is Node {
  return typeof (value as Node | null)?.type === "string";
}

/** The calls of `expose()` at the top level. */
function exposing({ body }: Program): Node[] {
  return body.filter((node) =>
    node.type === "ExpressionStatement" &&
    node.expression.type === "CallExpression" &&
    node.expression.callee.type === "Identifier" &&
    node.expression.callee.name === "expose"
  );
}

/** The name that a node imports by, if it is known before it runs. */
function sourceOf(node: Node) {
  const { source } = node as Node & {
    source?: Node & { value: unknown; loc: NonNullable<Node["loc"]> };
  };
  if (!isNode(source) || typeof source.value !== "string") return undefined;
  return { ...source, value: source.value };
}

const LOOPS = /^(For|ForIn|ForOf|While|DoWhile)Statement$/;
const FUNCTIONS = /Function(Declaration|Expression)$/;

/** The check that a loop or a function begins with, and what closes it. */
function checkIn(node: Node): [opener?: Insertion, closer?: Insertion] {
  const isLoop = LOOPS.test(node.type);
  if (!isLoop && !FUNCTIONS.test(node.type)) return [];
  const { body: { type, start, end } } = node as Node & { body: Node };
  if (type === "BlockStatement") {
    return [{ at: start + 1, text: ` ${CHECK}();` }];
  }
  return isLoop
    ? [{ at: start, text: `{ ${CHECK}(); ` }, { at: end, text: " }" }]
    : [{ at: start, text: `(${CHECK}(), ` }, { at: end, text: ")" }];
}

/** A text with what is written into it; what was opened last is closed first. */
function inserted(
  text: string,
  openers: Insertion[],
  closers: Insertion[],
): string {
  const all = [...closers.toReversed(), ...openers]
    .toSorted((a, b) => a.at - b.at);
  let result = "";
  let from = 0;
  for (const { at, text: added } of all) {
    result += text.slice(from, at) + added;
    from = at;
  }
  return result + text.slice(from);
}
