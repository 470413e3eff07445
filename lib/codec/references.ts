// Copyright 2026 the lab9 authors. MIT license.

/**
 * What travels by reference:
 *  - functions, by an id that every thread computes in the same way;
 *  - storages, by such functions;
 *  - shared objects, by their memory;
 *  - the classes of errors, by their names or ids.
 *
 * A reference is resolved by the tables here, and in no other way. So a message can
 * refer to nothing else than what is in these tables.
 *
 * @module
 */

import { withArticle } from "../checks.ts";
import { notePassed } from "../sync/memory.ts";
import { types } from "../platform/platform.ts";
import { Damaged } from "./tags.ts";

/** Any function, whatever it takes. */
// deno-lint-ignore no-explicit-any -- any exposed function, whatever it takes
export type AnyFunction = (...args: any[]) => any;

/** Where a function was exposed. */
export interface Origin {
  /** The exposing module. */
  url: string;
  /** The name that the module gave it. */
  name: string;
}

const functions = new Map<number, AnyFunction>();
/**
 * The function that was looked up last, and its id. The tasks of a pool often have the
 * same function, and a map takes long to look up a number of 53 bits.
 */
let lastFunction: AnyFunction | undefined;
let lastId = NaN;
const ids = new WeakMap<AnyFunction, number>();
const origins = new Map<number, Origin>();
/** The names that each module gave its functions. */
const exposing = new Map<string, string[]>();
/** The current registry; undefined after something was added. */
let registry: Registry | undefined;

/** 53 bits of a string's hash (cyrb53): the same in every thread. */
function hash(text: string): number {
  let high = 0xdeadbeef;
  let low = 0x41c6ce57;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    high = Math.imul(high ^ code, 2654435761);
    low = Math.imul(low ^ code, 1597334677);
  }
  high = Math.imul(high ^ (high >>> 16), 2246822507) ^
    Math.imul(low ^ (low >>> 13), 3266489909);
  low = Math.imul(low ^ (low >>> 16), 2246822507) ^
    Math.imul(high ^ (high >>> 13), 3266489909);
  return 4294967296 * (2097151 & low) + (high >>> 0);
}

/**
 * Registers a function.
 *
 * @returns Another function that the module has registered under the name, if any.
 */
export function register(
  fn: AnyFunction,
  origin: Origin,
): AnyFunction | undefined {
  const id = idFor(origin.url, origin.name);
  const previous = functions.get(id);
  if (previous !== undefined && previous !== fn) return previous;
  functions.set(id, fn);
  if (!origins.has(id)) enter(id, origin);
  // A function exposed by two modules keeps its first id.
  if (!ids.has(fn)) ids.set(fn, id);
}

function enter(id: number, origin: Origin): void {
  origins.set(id, origin);
  const names = exposing.get(origin.url);
  if (names === undefined) exposing.set(origin.url, [origin.name]);
  else names.push(origin.name);
  registry = undefined;
}

/** The function's id, if it was exposed. */
export function idOf(fn: AnyFunction): number | undefined {
  return ids.get(fn);
}

/** Where a function comes from, if it was exposed. */
export function originOf(fn: AnyFunction): Origin | undefined {
  const id = ids.get(fn);
  return id === undefined ? undefined : origins.get(id);
}

/** Where the function or class with that id was exposed, if it was. */
export function originOfId(id: number): Origin | undefined {
  return origins.get(id);
}

/**
 * Gives a function or class another id as well. A module may stand under different URLs
 * on several machines: this id is the same on all of them.
 */
export function addAlias({ url, name }: Origin, alias: number): void {
  const id = idFor(url, name);
  const fn = functions.get(id);
  if (fn !== undefined) functions.set(alias, fn);
  if (alias === lastId) lastId = NaN;
  const errorClass = exposedErrorClasses.get(id);
  if (errorClass !== undefined) exposedErrorClasses.set(alias, errorClass);
}

/**
 * The modules of the library that have registered something which a worker needs. The
 * worker's first module imports them all: that takes half the time of loading each of
 * them when it is needed.
 */
const own = new Set<string>();

/** Names a module of the library that every worker has to know. */
export function addOwnModule(meta: ImportMeta): void {
  own.add(meta.url);
  registry = undefined;
}

/** Whether a module is the library's. */
export function isOwnModule(url: string): boolean {
  return own.has(url);
}

/** The modules that have registered something, at one time. */
export interface Registry {
  /** Those of the library. */
  own: ReadonlySet<string>;
  /** The others, with the names of their functions. */
  exposing: ReadonlyMap<string, readonly string[]>;
}

/** The modules that have registered something by now. It is the same object until another does. */
export function currentRegistry(): Registry {
  return registry ??= {
    own: new Set(own),
    exposing: new Map(
      [...exposing].filter(([url]) => !own.has(url))
        .map(([url, names]) => [url, [...names]]),
    ),
  };
}

/** The module that exposed the class of a shared object, if one did. */
export function moduleOfType(type: string): string | undefined {
  return moduleOf(hash(type));
}

/** The user's module that exposed the function or class with that id, if any. */
export function moduleOf(id: number): string | undefined {
  const url = origins.get(id)?.url;
  return url === undefined || own.has(url) ? undefined : url;
}

let explain: (id: number) => void = () => {};

/** Sets a function that may throw the reason why there is no function with an id. */
export function setExplainer(explainer: (id: number) => void): void {
  explain = explainer;
}

/** The id of a function that a module exposes under a name. */
export function idFor(url: string, name: string): number {
  return hash(`${url}#${name}`);
}

/** Takes back what a module exposed before it threw. */
export function forget(id: number): void {
  functions.delete(id);
  if (id === lastId) lastId = NaN;
}

/** The function with that id, if this thread knows it. */
export function knownFunction(id: number): AnyFunction | undefined {
  if (id === lastId) return lastFunction;
  const fn = functions.get(id);
  if (fn !== undefined) {
    lastId = id;
    lastFunction = fn;
  }
  return fn;
}

/**
 * The function with that id.
 *
 * @throws {TypeError} If this thread doesn't know it.
 */
export function functionOf(id: number): AnyFunction {
  const fn = knownFunction(id);
  if (fn !== undefined) return fn;
  explain(id);
  throw new TypeError(
    "Cannot use a function that came by reference: the module that exposes " +
      "it isn't loaded in this thread",
  );
}

/** Names that a property or a default export may have, but no variable. */
const RESERVED =
  /^(await|break|case|catch|class|const|continue|debugger|default|delete|do|else|enum|export|extends|false|finally|for|function|if|import|in|instanceof|let|new|null|return|static|super|switch|this|throw|true|try|typeof|var|void|while|with|yield)$/;

/**
 * Whether a function's module can expose it under its name. That is false for a method,
 * a bound function, a function of the platform's, a class, and a function without a name.
 */
export function isNameable(fn: AnyFunction): boolean {
  // V8 takes half a millisecond to parse these expressions. They stand in the function,
  // so that the start doesn't take longer.
  const identifier = /^[\p{ID_Start}$_][\p{ID_Continue}$]*$/u;
  // How the source of a function begins that may stand in a declaration.
  const declared =
    /^(async\s*)?(function\b|\(|[\p{ID_Start}$_][\p{ID_Continue}$]*\s*=>)/u;
  const { name } = fn;
  const source = Function.prototype.toString.call(fn);
  return identifier.test(name) && !RESERVED.test(name) &&
    declared.test(source) && !source.endsWith("{ [native code] }");
}

/** The advice in the error message for a function that was never exposed. */
export function adviceOn(fn: AnyFunction): string {
  return isNameable(fn)
    ? `add \`expose(import.meta, { ${fn.name} })\` at the top level of its module`
    : "only a named function at the top level of a module can be sent; make it " +
      "one, add `expose(import.meta, { fn })` below it, and pass what it closes " +
      "over as arguments";
}

/** Properties that the language calls by itself: `await`, `String()`, `JSON.stringify()`. */
const CALLED_UNASKED = new Set(["then", "toString", "valueOf", "toJSON"]);

/**
 * Whether a property is a function that the receiver of its object would call without
 * knowing it, for example by awaiting or printing the object. A sender must not make the
 * receiver call functions, because the receiver may have more permissions.
 */
export function isCalledUnasked(key: string, value: unknown): boolean {
  return typeof value === "function" && CALLED_UNASKED.has(key);
}

/** The error for an object with such a property, on either side. */
export function calledUnasked(key: string): DOMException {
  return new DOMException(
    `An object with a function \`${key}\` can't travel: its receiver would ` +
      "call the function without knowing",
    "DataCloneError",
  );
}

/**
 * How an object in shared memory travels: its class, and its memory or a text by which
 * its class finds it in every thread.
 */
export interface Handle {
  type: string;
  buffer: SharedArrayBuffer;
  text?: string;
  /** The handle of another object that the object uses. */
  inner?: Handle;
  /** The id of an exposed function that the object calls. */
  action?: number;
}

/**
 * The method by which a shared object gives its handle. The symbol is the same in every
 * copy of the library. So each copy recognizes the objects of another, and refuses them.
 */
export const handle: unique symbol = Symbol.for("lab9.handle");

/** The static method by which a class makes an object of a handle. */
export const revive: unique symbol = Symbol("lab9.revive");

/** An object whose state is in shared memory. */
export interface Shareable {
  [handle](): Handle;
}

/** A class of such objects. A class that extends it inherits {@linkcode revive}. */
export interface ShareableClass {
  readonly name: string;
  readonly prototype: Shareable;
  [revive](handle: Handle): Shareable;
}

const shareableClasses = new Map<string, ShareableClass>();
const shareableTypes = new WeakMap<object, string>();

/** Lets objects of a class of this module be passed to threads. */
export function registerShareable(
  meta: ImportMeta,
  type: string,
  shareableClass: ShareableClass,
): void {
  addOwnModule(meta);
  shareableClasses.set(type, shareableClass);
  shareableTypes.set(shareableClass.prototype, type);
}

/**
 * Registers an exposed class of shared objects.
 *
 * @returns Another class that the module has registered under the name, if any.
 */
export function exposeShareable(
  shareableClass: ShareableClass,
  origin: Origin,
): ShareableClass | undefined {
  const type = `${origin.url}#${origin.name}`;
  const previous = shareableClasses.get(type);
  if (previous !== undefined && previous !== shareableClass) return previous;
  if (!origins.has(hash(type))) enter(hash(type), origin);
  shareableClasses.set(type, shareableClass);
  if (!shareableTypes.has(shareableClass.prototype)) {
    shareableTypes.set(shareableClass.prototype, type);
  }
}

/** Whether the value is an object in shared memory. */
export function isShareable(value: object): value is Shareable {
  return handle in value;
}

/** Whether an object is of a class whose objects can be passed to threads. */
export function isOfSharedClass(value: object): boolean {
  return shareableTypes.has(Object.getPrototypeOf(value));
}

/** Whether a class extends one whose objects can be passed to threads. */
export function extendsShared(prototype: object | null): boolean {
  for (let one = prototype; one !== null; one = Object.getPrototypeOf(one)) {
    if (shareableTypes.has(one)) return true;
  }
  return false;
}

/**
 * The handle of an object in shared memory.
 *
 * @throws {TypeError} If its class wasn't exposed, or is of another copy of the library.
 */
export function handleOf(value: Shareable): Handle {
  notePassed(value);
  const prototype = Object.getPrototypeOf(value);
  const type = shareableTypes.get(prototype);
  if (type !== undefined) return { ...value[handle](), type };
  // The object may throw the reason why it can't travel.
  value[handle]();
  const name = prototype?.constructor?.name || "object";
  const what = withArticle(name);
  throw new TypeError(
    extendsShared(prototype)
      ? `Cannot send ${what} to a thread: its class was never exposed, add ` +
        `\`expose(import.meta, { ${name} })\` at the top level of its module`
      : `Cannot send ${what} to a thread: it is of another copy of the ` +
        "library, import the library from one place",
  );
}

/** The key of whether items, and so functions, come through the objects of a class. */
export const carriesItems: unique symbol = Symbol("lab9.carriesItems");

/** The key of the method by which a thread that is being ended puts what it prints. */
export const putLast: unique symbol = Symbol("lab9.putLast");

/** Whether functions may come later through the object of a handle. */
export function mayBringFunctions({ type }: Handle): boolean {
  const shareableClass = shareableClasses.get(type);
  return shareableClass === undefined || carriesItems in shareableClass;
}

/** The key of whether the handles of a class have a text instead of memory. */
export const byText: unique symbol = Symbol("lab9.byText");

/**
 * Creates the object for a handle, in this thread.
 *
 * @throws {TypeError} If this thread doesn't know its class.
 * @throws {Damaged} If it is not a handle.
 */
export function reviveHandle(found: Handle): Shareable {
  const { type, buffer, text, inner, action } = found;
  const isHandle = typeof type === "string" &&
    (typeof text === "string" || types.isSharedArrayBuffer(buffer)) &&
    (inner === undefined || typeof inner === "object" && inner !== null) &&
    (action === undefined || typeof action === "number");
  if (!isHandle) throw new Damaged("handle");
  const shareableClass = shareableClasses.get(type);
  if (shareableClass === undefined) {
    explain(hash(type));
    throw new TypeError(
      `Cannot receive a ${type}: its module isn't loaded in this thread, ` +
        "import it in the module of the function",
    );
  }
  if ((text !== undefined) !== (byText in shareableClass)) {
    throw new Damaged("handle");
  }
  return shareableClass[revive](found);
}

/** A class of errors. Its constructor is never called here. */
// deno-lint-ignore no-explicit-any -- any class, whatever its constructor takes
export type ErrorClass = abstract new (...args: any[]) => Error;

/** A class of errors, and how other threads find it. */
interface ErrorClassEntry {
  errorClass: ErrorClass;
  /** The name of a class that every thread knows. */
  name?: string;
  /** The id of a class that was exposed. */
  id?: number;
}

const errorClassesByName = new Map<string, ErrorClass>();
const exposedErrorClasses = new Map<number, ErrorClass>();
const errorClassEntries = new WeakMap<object, ErrorClassEntry>();

/** Registers a class of errors of the library's or the platform's. */
export function registerErrorClass(
  errorClass: ErrorClass,
  name: string = errorClass.name,
): void {
  errorClassesByName.set(name, errorClass);
  errorClassEntries.set(errorClass.prototype, { errorClass, name });
}

/**
 * Registers an exposed class of errors.
 *
 * @returns Another class that the module has registered under the name, if any.
 */
export function exposeErrorClass(
  errorClass: ErrorClass,
  origin: Origin,
): ErrorClass | undefined {
  const id = idFor(origin.url, origin.name);
  const previous = exposedErrorClasses.get(id);
  if (previous !== undefined && previous !== errorClass) return previous;
  exposedErrorClasses.set(id, errorClass);
  if (!origins.has(id)) enter(id, origin);
  if (!errorClassEntries.has(errorClass.prototype)) {
    errorClassEntries.set(errorClass.prototype, { errorClass, id });
  }
}

/** The entry of the class with this prototype, if the class was registered. */
export function errorClassEntry(
  prototype: object,
): ErrorClassEntry | undefined {
  return errorClassEntries.get(prototype);
}

/** The class that every thread knows by that name. */
export function errorClassOf(name: string): ErrorClass | undefined {
  return errorClassesByName.get(name);
}

/** The exposed class with that id, if this thread knows it. */
export function exposedErrorClassOf(id: number): ErrorClass | undefined {
  const errorClass = exposedErrorClasses.get(id);
  if (errorClass !== undefined) return errorClass;
  try {
    explain(id);
  } catch (error) {
    // If its module failed, the error gets a class that this thread knows.
    if (Object.hasOwn(error as object, "url")) throw error;
  }
}

// Storages. For an exposed storage, a function is registered: its runner, which calls
// another function inside the storage.

/** An object that holds a value for the code that runs in it: `AsyncLocalStorage`. */
export interface ContextStorage {
  /** The value that it holds now; undefined if there is none. */
  getStore(): unknown;
  /** Calls a function. Meanwhile the storage holds a value. */
  // deno-lint-ignore no-explicit-any -- whatever the storage holds
  run(store: any, callback: () => any): any;
}

/** The runners of the exposed storages. */
const runners = new WeakMap<ContextStorage, AnyFunction>();

/** Whether a value is a storage. */
export function isStorage(value: unknown): value is ContextStorage {
  return typeof value === "object" && value !== null &&
    typeof (value as ContextStorage).getStore === "function" &&
    typeof (value as ContextStorage).run === "function";
}

/** The runner of a storage. It is made when the storage is exposed. */
export function runnerFor(storage: ContextStorage): AnyFunction {
  let runner = runners.get(storage);
  if (runner === undefined) {
    runner = (value: unknown, fn: () => unknown) => storage.run(value, fn);
    runners.set(storage, runner);
  }
  return runner;
}

/** The runner of a storage; undefined if the storage was never exposed. */
export function exposedRunner(
  storage: ContextStorage,
): AnyFunction | undefined {
  return runners.get(storage);
}
