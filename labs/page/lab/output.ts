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
