// Copyright 2026 the lab9 authors. MIT license.

/**
 * Where the console of a lab and of its threads goes: into the log. The lab's
 * worker is told the log by the page, and tells the workers that it starts.
 * Imported first: a thread listens for that before the library does.
 *
 * @module
 */

import { addOwnModule } from "../../../lib/codec/references.ts";
import { inspect } from "../../../lib/platform/platform.ts";
import { Kind, Log } from "./log.ts";

let log: Log | undefined;

/** Has this thread, and those that it starts, print into the log. */
export function printTo(into: Log): void {
  log = into;
  const print = (...args: unknown[]) => {
    const texts = args.map((arg) =>
      typeof arg === "string" ? arg : inspect(arg)
    );
    into.write(Kind.OUTPUT, texts.join(" "));
  };
  const { debug: _, ...methods } = console;
  Object.assign(console, methods, {
    log: print,
    info: print,
    warn: print,
    error: print,
  });
}

/** How many turns are taken between two looks at the log. */
const TURNS = 16;
let turns = 0;
/** From then on, each turn throws: what one throws may be caught by another. */
let isStopped = false;

/**
 * Throws once the page has said Stop. Edited code calls it in each turn of a loop
 * and in each call of a function: a browser takes seconds to end a thread that
 * computes, and begins with those that it has started only then.
 */
export function checkStop(): void {
  if (++turns % TURNS === 0) isStopped = log?.isStopped ?? false;
  if (isStopped) throw new Error("Stopped");
}

interface LogMessage {
  printInto: SharedArrayBuffer;
}

function isLog(data: unknown): data is LogMessage {
  return typeof data === "object" && data !== null && "printInto" in data;
}

const Original = globalThis.Worker;

// The library starts workers of the class that it finds.
globalThis.Worker = class extends Original {
  constructor(url: string | URL, options?: WorkerOptions) {
    super(url, options);
    if (log !== undefined) this.postMessage({ printInto: log.buffer });
  }
};

globalThis.addEventListener("message", (event) => {
  const { data } = event as MessageEvent<unknown>;
  if (!isLog(data)) return;
  event.stopImmediatePropagation();
  printTo(new Log(data.printInto));
});

// Every worker loads it with the library, before the lab.
addOwnModule(import.meta);
