// Copyright 2026 the lab9 authors. MIT license.

import { now, startTimer, stopTimer } from "../platform/platform.ts";
import { currentRegistry } from "../codec/references.ts";
import { cpuCount } from "../pool/pool.ts";
import { checkName, DEFAULT_NAME } from "./connect.ts";
import { Host, type HostMetrics } from "./host.ts";
import { PACE, type Pace } from "./pace.ts";

const USAGE = `Works for the pools of a name, until SIGTERM or SIGINT ends it.

Usage: deno task worker URL MODULE… [flags]

  URL             The URL of the store: redis://…, rediss://… or postgres://…
  MODULE          The file of a module that exposes functions. The programs of
                  the pools import the same module.
  --name NAME     The name of the pools. The default is ${DEFAULT_NAME}.
  --metrics       Prints counts of chunks and errors every five seconds.
  --help          Prints this text.
`;

/** How often the line on a terminal changes. */
const LINE_MS = 500;
/** How often metrics are printed. */
const METRICS_MS = 5000;
/** Trouble with the store isn't printed more often. */
const TROUBLE_MS = 10_000;

/** Settings that tests and measurements change. */
export interface ProgramOptions {
  pace: Pace;
  workers: number;
}

interface Flags {
  url: string;
  modules: string[];
  name: string;
  metrics: boolean;
}

/** The program of a host: `deno task worker URL MODULE`. */
export async function runHost(
  args: readonly string[],
  { pace = PACE, workers = cpuCount() }: Partial<ProgramOptions> = {},
): Promise<void> {
  if (args.includes("--help") || args.includes("-h")) {
    return console.log(USAGE);
  }
  const flags = parseFlags(args);
  if (typeof flags === "string") return fail(`${flags}\n\n${USAGE}`, 2);
  const lines = new Lines(flags);
  let host: Host;
  try {
    await loadModules(flags.modules);
    host = await Host.open(flags.url, {
      name: flags.name,
      title: titleOfHost(),
      pace,
      workers,
      onError: (message) => lines.trouble(message),
    });
  } catch (error) {
    return fail(Error.isError(error) ? error.message : String(error));
  }
  const end = signalOfEnd();
  lines.begin(host.metrics);
  await end;
  lines.say("leaving when the chunks that have begun are done");
  const hasAnswered = await host.close();
  lines.end(hasAnswered);
  // A driver may still wait for a store that doesn't answer.
  if (!hasAnswered) Deno.exit();
}

function parseFlags(args: readonly string[]): Flags | string {
  const rest: string[] = [];
  let name = DEFAULT_NAME;
  let metrics = false;
  for (let i = 0; i < args.length; i++) {
    const arg = args[i];
    if (arg === "--metrics") metrics = true;
    else if (arg === "--name") {
      // A flag that follows isn't the name.
      if (args[i + 1]?.startsWith("-") !== false) {
        return "Cannot take --name without a value";
      }
      name = args[++i];
    } else if (arg.startsWith("--name=")) name = arg.slice("--name=".length);
    else if (arg.startsWith("-")) {
      return `Unknown flag '${arg}': the flags are --name, --metrics and --help`;
    } else rest.push(arg);
  }
  const [url, ...modules] = rest;
  if (url === undefined) return "Cannot join pools: name the URL of the store";
  if (modules.length === 0) {
    return "Cannot join pools: name a module that exposes functions";
  }
  try {
    checkName("join pools", name);
  } catch (error) {
    return (error as Error).message;
  }
  return { url, modules, name, metrics };
}

async function loadModules(paths: string[]): Promise<void> {
  const folder = initialFolder();
  for (const path of paths) {
    // A program may name it by a URL as well.
    const isUrl = path.startsWith("file:");
    const { pathname } = new URL(isUrl ? path : escaped(path), folder);
    await import(`file:///${pathname.slice(1)}`);
  }
  if (currentRegistry().exposing.size > 0) return;
  throw new Error(`Cannot join pools: ${paths.join(", ")} exposes nothing`);
}

/** The user's folder. `deno task` runs a program in the folder of its deno.json. */
function initialFolder(): string {
  const folder = Deno.env.get("INIT_CWD") ?? Deno.cwd();
  return `file://${escaped(folder).replaceAll("\\", "/")}/`;
}

/** A path as a part of a URL, where these characters mean something else. */
function escaped(path: string): string {
  return path.replace(/[%#?]/g, encodeURIComponent);
}

/** What this host is called in errors. */
function titleOfHost(): string {
  try {
    return `${Deno.hostname()}-${Deno.pid}`;
  } catch {
    return `host-${Deno.pid}`;
  }
}

/** Resolves at the first signal to end. A second signal ends the process. */
async function signalOfEnd(): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  let isEnding = false;
  const onSignal = () => {
    if (isEnding) Deno.exit(1);
    isEnding = true;
    resolve();
  };
  for (const signal of ["SIGTERM", "SIGINT"] as const) {
    Deno.addSignalListener(signal, onSignal);
  }
  await promise;
}

function fail(message: string, code = 1): void {
  console.error(`error: ${message}`);
  Deno.exitCode = code;
}

/** Prints what the program does. On a terminal, one line changes. */
class Lines {
  #flags: Flags;
  #isTerminal = Deno.stdout.isTerminal();
  #timers: ReturnType<typeof setTimeout>[] = [];
  #metrics: HostMetrics = { chunks: 0, running: 0, errors: 0 };
  #begun = now();
  #last = { chunks: 0, at: now() };
  #troubleAt = -Infinity;

  constructor(flags: Flags) {
    this.#flags = flags;
  }

  begin(metrics: HostMetrics): void {
    this.#metrics = metrics;
    this.#begun = now();
    this.say(`joined '${this.#flags.name}'`);
    if (this.#isTerminal) this.#every(LINE_MS, () => this.#draw());
    if (this.#flags.metrics) this.#every(METRICS_MS, () => this.#tellMetrics());
  }

  say(text: string): void {
    this.#erase();
    console.log(`lab9 worker: ${text}`);
  }

  trouble(message: string): void {
    if (now() - this.#troubleAt < TROUBLE_MS) return;
    this.#troubleAt = now();
    this.#erase();
    console.error(`lab9 worker: trouble with the store: ${message}`);
  }

  end(hasAnswered: boolean): void {
    for (const timer of this.#timers) stopTimer(timer);
    if (this.#flags.metrics) this.#tellMetrics();
    const { chunks, errors } = this.#metrics;
    this.say(`left after ${chunks} chunks, ${errors} errors`);
    if (hasAnswered) return;
    this.say(
      "the store didn't answer. The locks of this worker's chunks run out, and other " +
        "hosts run these chunks",
    );
  }

  #every(milliseconds: number, call: () => void): void {
    const index = this.#timers.length;
    const again = () => {
      this.#timers[index] = startTimer(again, milliseconds);
      call();
    };
    this.#timers.push(startTimer(again, milliseconds));
  }

  #draw(): void {
    const { chunks, running, errors } = this.#metrics;
    const seconds = (now() - this.#begun) / 1000;
    const rate = (chunks / seconds).toFixed(1);
    const text = `${chunks} chunks, ${rate} a second, ${running} running, ` +
      `${errors} errors`;
    this.#write(`\r\x1b[K${text}`);
  }

  #tellMetrics(): void {
    const { chunks, running, errors } = this.#metrics;
    const seconds = (now() - this.#last.at) / 1000;
    const rate = ((chunks - this.#last.chunks) / seconds).toFixed(2);
    this.#last = { chunks, at: now() };
    this.#erase();
    console.log(
      `chunks=${chunks} chunks_per_second=${rate} running=${running} ` +
        `errors=${errors}`,
    );
  }

  #erase(): void {
    if (this.#isTerminal) this.#write("\r\x1b[K");
  }

  #write(text: string): void {
    Deno.stdout.writeSync(new TextEncoder().encode(text));
  }
}
