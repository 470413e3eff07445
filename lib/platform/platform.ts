// Copyright 2026 the lab9 authors. MIT license.

/**
 * What the library uses of the platform: of Deno, or of a browser where there is
 * no `Deno`. What differs between them stands in this room and nowhere else.
 *
 * It is what was there when the library loaded: a program may put something of its
 * own in its place, such as fake timers or polyfills. What Deno loads when it is
 * first looked at is kept by its getter, so that a start takes no longer.
 *
 * A browser gives a thread no messages while the thread blocks, and starts no
 * worker that a blocked thread has asked for. It has no permissions, no process
 * that ends by itself, and no way to tell a Proxy from what it stands for.
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

/** What Deno has no public place for. Each use has another way without it. */
interface Internals {
  core?: Partial<TypeChecks> & { resources?: () => object };
  Console?: new (print: Print) => Methods;
}
const internals = deno &&
  (deno as never)[(deno as never)["internal"]] as Internals | undefined;

/** The global of that name, whatever has been put in its place since. */
function taken<Name extends keyof typeof globalThis>(
  name: Name,
): () => (typeof globalThis)[Name] {
  // A browser's workers have theirs from prototypes.
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

/** Milliseconds on the clock that doesn't go back. */
export const now: () => number = performance.now.bind(performance);
/** When that clock began, in milliseconds since the epoch. */
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

/** One of Node's modules. Not imported: a program would start later for it. */
const nodeModule: NodeJS.Process["getBuiltinModule"] = (name: string) =>
  process().getBuiltinModule(name);

/** Calls back later, as `setTimeout` does. */
export function startTimer(
  callback: () => void,
  ms?: number,
): ReturnType<typeof setTimeout> {
  return timeout()(callback, ms);
}

/** Takes back what {@linkcode startTimer} has begun. */
export function stopTimer(timer: ReturnType<typeof setTimeout>): void {
  clear()(timer);
}

/** Lets the process end though the timer runs. */
export function unrefTimer(timer: ReturnType<typeof setTimeout>): void {
  deno?.unrefTimer(Number(timer));
}

/** A number of 32 bits that can't be guessed. */
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
  | "isNumberObject"
  | "isProxy"
  | "isRegExp"
  | "isSet"
  | "isSharedArrayBuffer"
  | "isStringObject"
>;

/** What objects really are, by their internal slots. */
export const types: TypeChecks = deno === undefined
  ? browserTypes()
  : internals?.core?.isProxy !== undefined
  ? internals.core as TypeChecks
  : nodeModule("node:util/types");

/** A method or getter of a class throws where the class's slots are missing. */
function browserTypes(): TypeChecks {
  const has = (prototype: object, key: PropertyKey) => {
    const { get, value } = Object.getOwnPropertyDescriptor(prototype, key)!;
    const read = get ?? value;
    return (object: unknown) => {
      // Nearly all are plain, and to throw takes long.
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
    isProxy: () => false,
  } as unknown as TypeChecks;
}

/** The platform's own namespaces of classes. */
export const namespaces: readonly object[] = deno === undefined
  ? [globalThis]
  : [globalThis, deno];

type NativeErrorClass = (typeof Deno.errors)[keyof typeof Deno.errors];

/** The platform's classes of errors, by the names that threads send. */
export const errorClasses: readonly [string, NativeErrorClass][] = Object
  .entries(deno?.errors ?? {})
  .map(([name, errorClass]) => [`Deno.errors.${name}`, errorClass]);

/** A value as a message shows it. */
export function inspect(value: unknown, options?: Deno.InspectOptions): string {
  if (deno !== undefined) return deno.inspect(value, options);
  if (typeof value === "bigint") return `${value}n`;
  if (Error.isError(value)) return value.stack ?? String(value);
  if (typeof value !== "object" || value === null) return String(value);
  try {
    const text = JSON.stringify(value);
    const name = value.constructor?.name ?? "";
    return Array.isArray(value) || name === "Object" ? text : `${name} ${text}`;
  } catch {
    return Object.prototype.toString.call(value);
  }
}

// Messages.

/** Whether a message that was posted may come later than a shared word. */
export const areMessagesLate: boolean = deno === undefined;

/** What has come to a port in a browser, and who waits for more. */
interface Inbox {
  messages: unknown[];
  onMessage: () => void;
  /** Called once. */
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

/** The next message in a port; undefined if there is none. */
export function nextMessage(
  port: MessagePort,
): { message: unknown } | undefined {
  if (deno === undefined) {
    const { messages } = inboxOf(port);
    return messages.length === 0 ? undefined : { message: messages.shift() };
  }
  const { receiveMessageOnPort } = nodeModule("node:worker_threads");
  return receiveMessageOnPort(port as never);
}

/** In a browser: calls back whenever a message has come to the port. */
export function onMessages(port: MessagePort, onMessage: () => void): void {
  inboxOf(port).onMessage = onMessage;
}

/** In a browser: awaits that there is a message in the port. */
export async function messageIn(port: MessagePort): Promise<void> {
  const { messages, waiting } = inboxOf(port);
  if (messages.length > 0) return;
  await new Promise<void>((resolve) => waiting.push(resolve));
}

// Workers.

const blobs = new Map<string, string>();

/** The URL of a module of that source, for a worker. */
export function moduleUrl(source: string): string {
  if (deno !== undefined) {
    return `data:text/javascript,${encodeURIComponent(source)}`;
  }
  // One that is at a `data:` URL may import nothing of the page's origin.
  let url = blobs.get(source);
  if (url === undefined) {
    const blob = new Blob([source], { type: "text/javascript" });
    blobs.set(source, url = URL.createObjectURL(blob));
  }
  return url;
}

/**
 * Says whether the worker keeps the process from ending. `Worker` has no public
 * `unref`. Its own one, which Deno's `node:worker_threads` stands on, is the
 * method under its one symbol that isn't for inspection. Where it can't be found,
 * idle workers are ended instead of kept. In a browser there is no process to end.
 */
export const setRef: ((this: Worker, ref: boolean) => void) | undefined =
  deno === undefined ? () => {} : Object.getOwnPropertySymbols(Worker.prototype)
    .filter((symbol) => !/inspect/i.test(symbol.description ?? ""))
    .map((symbol) => (Worker.prototype as never)[symbol] as unknown)
    .find((method): method is (this: Worker, ref: boolean) => void =>
      typeof method === "function" && method.length === 1
    );

/** Has the worker that runs call this where its code would end it. */
export function onExit(exit: () => void): void {
  if (deno !== undefined) deno.exit = exit as typeof Deno.exit;
}

/** Signals that end a process, as the user has it end. */
const ENDING_SIGNALS: ReadonlySet<string> = new Set([
  "SIGINT",
  "SIGTERM",
  "SIGHUP",
  "SIGQUIT",
  "SIGBREAK",
]);

/** Has the worker that runs listen to none of those. */
export function ignoreEndingSignals(): void {
  if (deno === undefined) return;
  const addSignalListener = deno.addSignalListener;
  deno.addSignalListener = (signal, handler) => {
    if (!ENDING_SIGNALS.has(signal)) addSignalListener(signal, handler);
  };
}

const never = new Int32Array(new SharedArrayBuffer(4));

/** Does nothing until the worker that runs is ended. */
export function halt(): never {
  for (;;) {
    // Deno ends a worker that closes at one of its next instructions, a browser
    // one that its parent terminates, and wakes it for that.
    if (deno === undefined) Atomics.wait(never, 0, 0);
    else Atomics.pause();
  }
}

// The process.

/**
 * Whether the process ends when nothing goes on. In tests Deno sees to that: what
 * they await may be known to nobody but a thread.
 */
export const endsByItself: boolean = deno !== undefined &&
  deno.test.length === 0 && deno.bench.length === 0;

/**
 * Whether Deno may ask the user for a permission that a worker lacks. With
 * `--no-prompt` it doesn't, but there is no way to ask for that.
 */
export function isOnTerminal(): boolean {
  return deno !== undefined && deno.stdin.isTerminal() &&
    deno.stderr.isTerminal();
}

/** The permissions of this thread. */
export function permissions(): Deno.Permissions | undefined {
  return deno?.permissions;
}

/** The error of what isn't permitted. */
export function notCapable(message: string, options?: ErrorOptions): Error {
  const NotCapable = deno?.errors.NotCapable ?? Error;
  return new NotCapable(message, options);
}

/** Whether something wasn't permitted. */
export function isNotCapable(error: unknown): boolean {
  return deno !== undefined && error instanceof deno.errors.NotCapable;
}

/** The path of a `file:` URL. Not imported: every thread would start later. */
export function pathOf(url: URL): string {
  return nodeModule("node:url").fileURLToPath(url);
}

/** How many resources, such as ports, are open; 0 where nobody can know. */
export function countResources(): number {
  const resources = internals?.core?.resources;
  return resources === undefined ? 0 : Object.keys(resources()).length;
}

const TIMERS = ["setTimeout", "setInterval", "setImmediate"] as const;
/** Whether anything has looked at the timers, which Deno loads for that. */
let hasTimers = false;

/** From now on it is known whether a timer runs. */
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

/** How many timers run; in a browser, whether one has ever begun. */
export function countTimers(): number {
  if (!hasTimers) return 0;
  return deno === undefined ? 1 : process().getActiveResourcesInfo().length;
}

// What is used of Node's.

type Storage<T> = import("node:async_hooks").AsyncLocalStorage<T>;

/** A new `AsyncLocalStorage`; undefined in a browser, which has none. */
export function newStorage<T>(): Storage<T> | undefined {
  if (deno === undefined) return undefined;
  return new (nodeModule("node:async_hooks").AsyncLocalStorage)<T>();
}

// The console.

/** Prints a text at a level. */
export type Print = (text: string, level: number) => void;
/** The methods of a console. */
export type Methods = Record<string, (...args: unknown[]) => void>;

/** From this level on, Deno prints to stderr. */
export const WARNING = 2;

/** The methods of a console that prints so. */
export function newConsole(print: Print): Methods {
  // Where Deno's can't be found, formats are simpler.
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
