// Copyright 2026 the lab9 authors. MIT license.

/**
 * Which members of the library's classes a copy needs. A member stays if code
 * that stays refers to it: by its declaration where the type checker knows that,
 * and otherwise by its name, whichever class that is a member of. Of a class that
 * only types name, an interface stays.
 *
 * @module
 */

import ts from "typescript";
import { isShown } from "./interface.ts";
import type { Program } from "./program.ts";

/** Members that the language calls, or JSON, or Deno. */
const CALLED_UNASKED = new Set(["then", "toJSON", "toString", "valueOf"]);

/** Classes of the platform whose making changes nothing else. */
const PLAIN = /^(Map|Set|WeakMap|WeakSet|WeakRef|\w+Array|\w*Buffer|\w+View)$/;

/** Members of the classes that a copy has. */
export class Members {
  readonly #program: Program;
  /** Called for what a member refers to, once it is known to stay. */
  readonly #use: (node: ts.Node) => void;
  readonly #classes = new Set<ts.ClassDeclaration>();
  /** Those that only types name. */
  readonly #interfaces = new Set<ts.Node>();
  readonly #kept = new Set<ts.ClassElement>();
  readonly #referred = new Set<string>();
  /** The members that stay when something refers to them. */
  readonly #waiting = new Map<string, ts.ClassElement[]>();
  readonly #roots = new Map<ts.ClassDeclaration, number>();

  constructor(program: Program, use: (node: ts.Node) => void) {
    this.#program = program;
    this.#use = use;
  }

  /** Whether a class is an interface in the copy. */
  isInterface(node: ts.Node): boolean {
    return this.#interfaces.has(node);
  }

  /** Whether a part of a class isn't in the copy: a member, or what it does. */
  isDropped(node: ts.Node): boolean {
    const { parent } = node;
    if (ts.isClassElement(node) && ts.isClassDeclaration(parent)) {
      if (!this.#classes.has(parent)) return false;
      return !this.#kept.has(node) ||
        this.#interfaces.has(parent) && !isShown(node);
    }
    const member = parent !== undefined && ts.isParameter(parent)
      ? parent.parent
      : parent;
    if (member === undefined || !this.#interfaces.has(member.parent)) {
      return false;
    }
    return node === (member as ts.MethodDeclaration).body ||
      node === (parent as ts.PropertyDeclaration).initializer;
  }

  /**
   * Takes a class into the copy, with the members that it can't be without.
   *
   * @returns Whether it wasn't there, or was less.
   */
  add(declaration: ts.ClassDeclaration, isValue: boolean): boolean {
    const isKnown = this.#classes.has(declaration);
    if (isKnown && !(isValue && this.#interfaces.has(declaration))) {
      return false;
    }
    this.#classes.add(declaration);
    if (isValue) this.#interfaces.delete(declaration);
    else this.#interfaces.add(declaration);
    const isForeign = isValue && this.#extendsForeign(declaration);
    for (const member of declaration.members) {
      const all = this.#keysOf(member);
      // Types only name what they know.
      const keys = isValue ? all : all.slice(1);
      const stays = isValue && isImpureField(member) || all.length === 0 ||
        isForeign && !ts.isPrivateIdentifier(member.name!) ||
        keys.some((key) => this.#referred.has(key));
      if (stays) this.#keep(member);
      else {
        for (const key of keys) {
          this.#waiting.getOrInsert(key, []).push(member);
        }
      }
    }
    return true;
  }

  /** Notes what a node itself refers to, if that is a member. */
  note(node: ts.Node): void {
    for (const key of this.#referencesOf(node)) {
      this.#referred.add(key);
      for (const member of this.#waiting.get(key) ?? []) this.#keep(member);
      this.#waiting.delete(key);
    }
  }

  #keep(member: ts.ClassElement): void {
    if (this.#kept.has(member)) return;
    this.#kept.add(member);
    this.#use(member);
  }

  /** By what a member is referred to; by nothing if it always stays. */
  #keysOf(member: ts.ClassElement): string[] {
    const { name } = member;
    if (name === undefined) return [];
    if (ts.isComputedPropertyName(name)) {
      const text = name.expression.getText();
      return /^Symbol\.(asyncD|d)ispose$/.test(text) ? [`* ${text}`] : [];
    }
    if (CALLED_UNASKED.has(name.getText())) return [];
    const text = name.getText();
    const declaration = member.parent as ts.ClassDeclaration;
    return [`* ${text}`, `${this.#rootOf(declaration)} ${text}`];
  }

  #referencesOf(node: ts.Node): string[] {
    if (
      ts.isVariableDeclarationList(node) && (node.flags & ts.NodeFlags.Using)
    ) {
      return ["* Symbol.dispose", "* Symbol.asyncDispose"];
    }
    if (ts.isPropertyAccessExpression(node)) {
      const text = node.getText();
      if (/^Symbol\.\w+ispose$/.test(text)) return [`* ${text}`];
    }
    if (ts.isIdentifier(node) && /^(Async)?DisposableStack$/.test(node.text)) {
      return ["* Symbol.dispose", "* Symbol.asyncDispose"];
    }
    // What is looked up by a text has it somewhere as a literal.
    if (ts.isStringLiteralLike(node)) return [`* ${node.text}`];
    if (ts.isBindingElement(node)) {
      const name = node.propertyName ?? node.name;
      return ts.isIdentifier(name) ? [`* ${name.text}`] : [];
    }
    if (!ts.isIdentifier(node) && !ts.isPrivateIdentifier(node)) return [];
    const { parent } = node;
    if (ts.isPropertySignature(parent) || ts.isMethodSignature(parent)) {
      return parent.name === node ? [`* ${node.text}`] : [];
    }
    // In a pattern on the left of an assignment, too.
    if (
      (ts.isPropertyAssignment(parent) ||
        ts.isShorthandPropertyAssignment(parent)) && isPattern(parent.parent)
    ) return [`* ${node.text}`];
    const isMember = ts.isPropertyAccessExpression(parent) ||
      ts.isQualifiedName(parent) || ts.isPrivateIdentifier(node);
    if (!isMember || ts.isClassElement(parent)) return [];
    const owners = this.#program.classesOf(node);
    if (owners === undefined) return [`* ${node.text}`];
    return owners.map((owner) => `${this.#rootOf(owner)} ${node.text}`);
  }

  /** The number that a class shares with those it extends, and they alone. */
  #rootOf(declaration: ts.ClassDeclaration): number {
    const base = this.#program.baseOf(declaration);
    if (base !== undefined && base !== declaration) return this.#rootOf(base);
    return this.#roots.getOrInsert(declaration, this.#roots.size);
  }

  /** Whether a class is one of the platform's, whose code may use any member. */
  #extendsForeign(declaration: ts.ClassDeclaration): boolean {
    const base = this.#program.baseOf(declaration);
    if (base !== undefined) return this.#extendsForeign(base);
    return declaration.heritageClauses?.some(({ token }) =>
      token === ts.SyntaxKind.ExtendsKeyword
    ) ?? false;
  }
}

function isPattern(node: ts.Node): boolean {
  return ts.isBinaryExpression(node.parent) && node.parent.left === node;
}

/** Whether a field's value does something when it is made. */
function isImpureField(member: ts.ClassElement): boolean {
  return ts.isPropertyDeclaration(member) && member.initializer !== undefined &&
    isImpure(member.initializer);
}

function isImpure(node: ts.Node): boolean {
  if (ts.isFunctionLike(node)) return false;
  if (
    ts.isCallExpression(node) || ts.isAwaitExpression(node) ||
    ts.isNewExpression(node) && !PLAIN.test(node.expression.getText()) ||
    ts.isPostfixUnaryExpression(node) || ts.isPrefixUnaryExpression(node)
  ) return true;
  return ts.forEachChild(node, (child) => isImpure(child) || undefined) ??
    false;
}
