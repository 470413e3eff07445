// Copyright 2026 the lab9 authors. MIT license.

/**
 * What the library uses of its platform: Deno, or a browser, where there is no `Deno`.
 * All differences between the two are handled in this room.
 *
 * The globals are kept as they are when the library loads, because a program may
 * replace them later, for example by fake timers. Deno loads some globals when they
 * are read for the first time. Of those the getter is kept, so that the start doesn't
 * take longer.
 *
 * A browser delivers no messages to a thread that blocks, and doesn't start a worker
 * that a blocked thread has created. It has no permissions, no process that ends by
 * itself, and no way to tell a Proxy from its target.
 *
 * @module
 */

/** Undefined in a browser. */
const deno: typeof Deno | undefined =
  (globalThis as { Deno?: typeof Deno }).Deno;

/** Whether this is a browser. */
export const isBrowser: boolean = deno === undefined;

if (globalThis.SharedArrayBuffer === undefined) {
  throw new Error(
    "Cannot load @lab9/concurrency: the page has no shared memory, serve it " +
      "and its scripts with the headers " +
      "'Cross-Origin-Opener-Policy: same-origin' and " +
      "'Cross-Origin-Embedder-Policy: require-corp'",
  );
}

/** The internals of Deno that are used. There is a fallback for each of them. */
interface Internals {
  core?: Partial<TypeChecks> & { resources?: () => object };
  Console?: new (print: Print) => Methods;
}
const internals = deno &&
  (deno as never)[(deno as never)["internal"]] as Internals | undefined;

/** Returns a function that reads a global as it is now, even if it is replaced later. */
function taken<Name extends keyof typeof globalThis>(
  name: Name,
): () => (typeof globalThis)[Name] {
  // In workers of a browser, globals are properties of a prototype.
  let holder: object | null = globalThis;
  while (holder !== null && !Object.hasOwn(holder, name)) {
    holder = Object.getPrototypeOf(holder);
  }
  const property = holder && Object.getOwnPropertyDescriptor(holder, name);
  const getter = property?.get;
  if (getter !== undefined) return () => Reflect.apply(getter, globalThis, []);
  return () => property?.value;
}

const process = taken("process");
const timeout = taken("setTimeout");
const clear = taken("clearTimeout");
const crypto = taken("crypto");
const navigator = taken("navigator");

/** The time in milliseconds, on the clock that never goes back. */
export const now: () => number = performance.now.bind(performance);
/** The time at which that clock began, in milliseconds since the epoch. */
export const timeOrigin: number = performance.timeOrigin;

export const Promise: PromiseConstructor = globalThis.Promise;
export const structuredClone: typeof globalThis.structuredClone =
  globalThis.structuredClone;
export const queueMicrotask: typeof globalThis.queueMicrotask =
  globalThis.queueMicrotask;
export const Worker: typeof globalThis.Worker = globalThis.Worker;
export const MessageChannel: typeof globalThis.MessageChannel =
  globalThis.MessageChannel;
export const MessagePort: typeof globalThis.MessagePort =
  globalThis.MessagePort;

/** One of Node's modules. It isn't imported, so that the start takes no longer. */
const nodeModule: NodeJS.Process["getBuiltinModule"] = (name: string) =>
  process().getBuiltinModule(name);

/** Calls a function later, as `setTimeout` does. */
export function startTimer(
  callback: () => void,
  ms?: number,
): ReturnType<typeof setTimeout> {
  return timeout()(callback, ms);
}

/** Clears a timer of {@linkcode startTimer}. */
export function stopTimer(timer: ReturnType<typeof setTimeout>): void {
  clear()(timer);
}

/** A random number of 32 bits, which can't be guessed. */
export function randomWord(): number {
  return crypto().getRandomValues(new Int32Array(1))[0];
}

/** How many threads the machine runs at once. */
export function processors(): number {
  return navigator().hardwareConcurrency;
}

// Values.

type TypeChecks = Pick<
  typeof import("node:util/types"),
  | "isAnyArrayBuffer"
  | "isArgumentsObject"
  | "isArrayBuffer"
  | "isBigIntObject"
  | "isBooleanObject"
  | "isBoxedPrimitive"
  | "isDate"
  | "isMap"
  | "isModuleNamespaceObject"
  | "isNumberObject"
  | "isProxy"
  | "isRegExp"
  | "isSet"
  | "isSharedArrayBuffer"
  | "isStringObject"
>;

/** Checks of what an object really is, by its internal slots. */
export const types: TypeChecks = deno === undefined
  ? browserTypes()
  : internals?.core?.isProxy !== undefined
  ? internals.core as TypeChecks
  : nodeModule("node:util/types");

/**
 * The same checks for a browser. A method or getter of a class throws for an object
 * that lacks the class's internal slots.
 */
function browserTypes(): TypeChecks {
  const has = (prototype: object, key: PropertyKey) => {
    const { get, value } = Object.getOwnPropertyDescriptor(prototype, key)!;
    const read = get ?? value;
    return (object: unknown) => {
      // Most objects are plain, and an exception takes long.
      if (typeof object !== "object" || object === null) return false;
      const actual = Object.getPrototypeOf(object);
      if (actual === Object.prototype || actual === null) return false;
      try {
        Reflect.apply(read, object, []);
        return true;
      } catch {
        return false;
      }
    };
  };
  const isArrayBuffer = has(ArrayBuffer.prototype, "byteLength");
  const isSharedArrayBuffer = has(SharedArrayBuffer.prototype, "byteLength");
  const isNumberObject = has(Number.prototype, "valueOf");
  const isStringObject = has(String.prototype, "valueOf");
  const isBooleanObject = has(Boolean.prototype, "valueOf");
  const isBigIntObject = has(BigInt.prototype, "valueOf");
  const isSymbolObject = has(Symbol.prototype, "valueOf");
  const boxed = [
    ...[isNumberObject, isStringObject, isBooleanObject],
    ...[isBigIntObject, isSymbolObject],
  ];
  return {
    isArrayBuffer,
    isSharedArrayBuffer,
    isAnyArrayBuffer: (value: unknown) =>
      isArrayBuffer(value) || isSharedArrayBuffer(value),
    isMap: has(Map.prototype, "size"),
    isSet: has(Set.prototype, "size"),
    isDate: has(Date.prototype, "valueOf"),
    isRegExp: has(RegExp.prototype, "source"),
    isNumberObject,
    isStringObject,
    isBooleanObject,
    isBigIntObject,
    isBoxedPrimitive: (value: unknown) => boxed.some((is) => is(value)),
    isArgumentsObject: (value: unknown) =>
      Object.prototype.toString.call(value) === "[object Arguments]",
    isModuleNamespaceObject: (value: unknown) =>
      Object.prototype.toString.call(value) === "[object Module]",
    isProxy: () => false,
  } as unknown as TypeChecks;
}

/** An internal property of one of the platform's objects, if it has one. */
function internal(object: object, name: string): unknown {
  const symbol = Object.getOwnPropertySymbols(object).find(({ description }) =>
    description === `[[${name}]]`
  );
  return symbol && (object as Record<symbol, unknown>)[symbol];
}

/**
 * Whether a signal is aborted by a timer: one of `AbortSignal.timeout()`, or of
 * `AbortSignal.any()` of such a signal. While somebody listens to it, Deno keeps the
 * process alive until the timer has run out.
 */
export function hasTimer(signal: AbortSignal): boolean {
  if ((internal(signal, "timerId") ?? null) !== null) return true;
  const sources = internal(signal, "sourceSignals");
  if (!types.isSet(sources)) return false;
  let isTimed = false;
  // Deno's own classes of sets and of references have no methods of their own.
  Set.prototype.forEach.call(sources, (source) => {
    const one = WeakRef.prototype.deref.call(source) as AbortSignal | undefined;
    isTimed ||= one !== undefined && hasTimer(one);
  });
  return isTimed;
}

/** The objects whose properties are the platform's classes. */
export const namespaces: readonly object[] = deno === undefined
  ? [globalThis]
  : [globalThis, deno];

/** Whether it is one of the standard streams, whose classes can't be found by name. */
export function isStandardStream(value: object): boolean {
  return deno !== undefined &&
    (value === deno.stdin || value === deno.stdout || value === deno.stderr);
}

type NativeErrorClass = (typeof Deno.errors)[keyof typeof Deno.errors];

/** The classes of `Deno.errors`, by the names under which they are sent. */
export const errorClasses: readonly [string, NativeErrorClass][] = Object
  .entries(deno?.errors ?? {})
  .map(([name, errorClass]) => [`Deno.errors.${name}`, errorClass]);

/** The text of a value, for messages. */
export function inspect(value: unknown, options?: Deno.InspectOptions): string {
  if (deno !== undefined) return deno.inspect(value, options);
  if (typeof value === "bigint") return `${value}n`;
  if (Error.isError(value)) return withCauses(value);
  if (typeof value !== "object" || value === null) return String(value);
  try {
    const text = JSON.stringify(value);
    const name = value.constructor?.name ?? "";
    return Array.isArray(value) || name === "Object" ? text : `${name} ${text}`;
  } catch {
    return Object.prototype.toString.call(value);
  }
}

/** An error's stack, and those of its causes: where a thread threw is in one. */
function withCauses(error: Error): string {
  const seen = new Set<unknown>();
  const texts: string[] = [];
  let cause: unknown = error;
  while (Error.isError(cause) && !seen.has(cause)) {
    seen.add(cause);
    texts.push(cause.stack ?? String(cause));
    cause = cause.cause;
  }
  return texts.join("\nCaused by: ");
}

// Messages.

/**
 * Whether a message may arrive later than a change of shared memory that was made
 * after it was posted.
 */
export const areMessagesLate: boolean = deno === undefined;

/** The messages that have arrived at a port in a browser. */
interface Inbox {
  messages: unknown[];
  /** Called for each message that arrives. */
  onMessage: () => void;
  /** Called for the next message that arrives. */
  waiting: (() => void)[];
}
const inboxes = new WeakMap<MessagePort, Inbox>();

function inboxOf(port: MessagePort): Inbox {
  let inbox = inboxes.get(port);
  if (inbox === undefined) {
    const made: Inbox = inbox = {
      messages: [],
      onMessage: () => {},
      waiting: [],
    };
    inboxes.set(port, inbox);
    port.onmessage = ({ data }) => {
      made.messages.push(data);
      made.onMessage();
      for (const resolve of made.waiting.splice(0)) resolve();
    };
  }
  return inbox;
}

let seeMessage: ((message: unknown) => void) | undefined;

/** Has a function see each message that is taken out of a port by its reader. */
export function watchMessages(see: (message: unknown) => void): void {
  seeMessage = see;
}

/** Takes the next message out of a port; undefined if there is none. */
export function nextMessage(
  port: MessagePort,
): { message: unknown } | undefined {
  const received = deno === undefined ? takeArrived(port) : takeSent(port);
  if (received !== undefined) seeMessage?.(received.message);
  return received;
}

function takeArrived(port: MessagePort): { message: unknown } | undefined {
  const { messages } = inboxOf(port);
  return messages.length === 0 ? undefined : { message: messages.shift() };
}

function takeSent(port: MessagePort): { message: unknown } | undefined {
  const { receiveMessageOnPort } = nodeModule("node:worker_threads");
  return receiveMessageOnPort(port as never);
}

/** In a browser: calls a function for each message that arrives at the port. */
export function onMessages(port: MessagePort, onMessage: () => void): void {
  inboxOf(port).onMessage = onMessage;
}

/** In a browser: waits until there is a message in the port. */
export async function messageIn(port: MessagePort): Promise<void> {
  const { messages, waiting } = inboxOf(port);
  if (messages.length > 0) return;
  await new Promise<void>((resolve) => waiting.push(resolve));
}

// Workers.

const blobs = new Map<string, string>();

/** The URL of a module with that source, for a worker. */
export function moduleUrl(source: string): string {
  if (deno !== undefined) {
    return `data:text/javascript,${encodeURIComponent(source)}`;
  }
  // In a browser, a module with a `data:` URL can't import modules of the page.
  let url = blobs.get(source);
  if (url === undefined) {
    const blob = new Blob([source], { type: "text/javascript" });
    blobs.set(source, url = URL.createObjectURL(blob));
  }
  return url;
}

/**
 * Sets whether a worker keeps the process alive. Deno's `Worker` has no public method
 * for that, but a method under a symbol, which `node:worker_threads` uses. It is found
 * as the one whose symbol isn't for inspection. If it isn't found, idle workers are
 * ended instead of kept. In a browser there is no process to keep alive.
 */
export const setRef: ((this: Worker, ref: boolean) => void) | undefined =
  deno === undefined ? () => {} : Object.getOwnPropertySymbols(Worker.prototype)
    .filter((symbol) => !/inspect/i.test(symbol.description ?? ""))
    .map((symbol) => (Worker.prototype as never)[symbol] as unknown)
    .find((method): method is (this: Worker, ref: boolean) => void =>
      typeof method === "function" && method.length === 1
    );

/** Has `Deno.exit()` call a function in this worker, instead of ending the worker. */
export function onExit(exit: () => void): void {
  if (deno !== undefined) deno.exit = exit as typeof Deno.exit;
}

/** The signals by which a user ends a process. */
const ENDING_SIGNALS: ReadonlySet<string> = new Set([
  "SIGINT",
  "SIGTERM",
  "SIGHUP",
  "SIGQUIT",
  "SIGBREAK",
]);

/** Keeps this worker from adding listeners for those signals. */
export function ignoreEndingSignals(): void {
  if (deno === undefined) return;
  const addSignalListener = deno.addSignalListener;
  deno.addSignalListener = (signal, handler) => {
    if (!ENDING_SIGNALS.has(signal)) addSignalListener(signal, handler);
  };
}

/**
 * Returns what ends this worker when its last steps are done: the given function, or
 * in a browser one that only clears all timers. There the parent terminates the
 * worker. If a parent is terminated while its worker closes itself, Chromium 156 may
 * keep both for ever.
 */
export function closerOf(close: () => void): () => void {
  return deno === undefined ? clearTimers : close;
}

/** A browser numbers its timers from 1. */
function clearTimers(): void {
  for (let timer = Number(startTimer(() => {})); timer > 0; timer--) {
    clear()(timer);
  }
}

const never = new Int32Array(new SharedArrayBuffer(4));

/** Blocks until this worker has ended. */
export function halt(): never {
  // Deno ends a closed worker here, unless native code has called it, such as that of
  // `Deno.inspect`. A browser ends it when its parent terminates it.
  for (;;) Atomics.wait(never, 0, 0);
}

// The process.

/**
 * Whether the process ends when nothing goes on. It doesn't in tests and benchmarks:
 * Deno waits for what they await, even if only a thread can resolve it.
 */
export const endsByItself: boolean = deno !== undefined &&
  deno.test.length === 0 && deno.bench.length === 0;

/**
 * Whether Deno may ask the user for a permission that a worker lacks. With
 * `--no-prompt` Deno doesn't ask, but a program can't find out about that flag.
 */
export function isOnTerminal(): boolean {
  return deno !== undefined && deno.stdin.isTerminal() &&
    deno.stderr.isTerminal();
}

/** The permissions of this thread. */
export function permissions(): Deno.Permissions | undefined {
  return deno?.permissions;
}

/** Creates an error for an operation that isn't permitted. */
export function notCapable(message: string, options?: ErrorOptions): Error {
  const NotCapable = deno?.errors.NotCapable ?? Error;
  return new NotCapable(message, options);
}

/** Whether an error says that an operation isn't permitted. */
export function isNotCapable(error: unknown): boolean {
  return deno !== undefined && error instanceof deno.errors.NotCapable;
}

/** The path of a `file:` URL. */
export function pathOf(url: URL): string {
  return nodeModule("node:url").fileURLToPath(url);
}

/** How many resources, such as ports, are open; 0 if that can't be found out. */
export function countResources(): number {
  const resources = internals?.core?.resources;
  return resources === undefined ? 0 : Object.keys(resources()).length;
}

const TIMERS = ["setTimeout", "setInterval", "setImmediate"] as const;
/** Whether a timer may have been started since {@linkcode watchTimers}. */
let hasTimers = false;

/**
 * Begins to record whether timers are started. Deno loads its timers when they are
 * read for the first time: until then, none runs.
 */
export function watchTimers(): void {
  for (const name of TIMERS) {
    const original = Object.getOwnPropertyDescriptor(globalThis, name);
    const get = original?.get;
    if (get !== undefined) {
      Object.defineProperty(globalThis, name, {
        ...original,
        get() {
          hasTimers = true;
          Object.defineProperty(globalThis, name, original!);
          return get.call(globalThis);
        },
      });
    } else if (deno !== undefined) hasTimers = true;
    else if (name in globalThis) {
      const start = globalThis[name] as (...args: unknown[]) => unknown;
      const watched = (...args: unknown[]) => {
        hasTimers = true;
        return start(...args);
      };
      Object.assign(globalThis, { [name]: watched });
    }
  }
}

/** How many timers run. In a browser it is 1 once any timer was started. */
export function countTimers(): number {
  if (!hasTimers) return 0;
  return deno === undefined ? 1 : process().getActiveResourcesInfo().length;
}

// Node's modules.

type Storage<T> = import("node:async_hooks").AsyncLocalStorage<T>;

/** Creates an `AsyncLocalStorage`; undefined in a browser, which has none. */
export function newStorage<T>(): Storage<T> | undefined {
  if (deno === undefined) return undefined;
  return new (nodeModule("node:async_hooks").AsyncLocalStorage)<T>();
}

// The console.

/** A function that prints a text at a level. */
export type Print = (text: string, level: number) => void;
/** The methods of a console. */
export type Methods = Record<string, (...args: unknown[]) => void>;

/** The methods that print or format values, each with its object. */
export function formatters(): [owner: Methods, name: string][] {
  const methods = console as unknown as Methods;
  const names = Object.keys(methods).filter((name) =>
    typeof methods[name] === "function"
  );
  const all = names.map((name): [Methods, string] => [methods, name]);
  if (deno !== undefined) all.push([deno as unknown as Methods, "inspect"]);
  return all;
}

/** From this level on, Deno prints to stderr. */
export const WARNING = 2;

/** Creates the methods of a console that prints by the given function. */
export function newConsole(print: Print): Methods {
  // If Deno's class can't be found, the format is simpler.
  if (internals?.Console !== undefined) {
    return { ...new internals.Console(print) };
  }
  const printer = (level: number) => (...args: unknown[]) => {
    const texts = args.map((arg) =>
      typeof arg === "string" ? arg : inspect(arg)
    );
    print(`${texts.join(" ")}\n`, level);
  };
  const [log, warn] = [printer(1), printer(WARNING)];
  return { debug: log, error: warn, info: log, log, warn };
}
