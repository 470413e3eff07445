// Runs a file of tests, in a worker of the page: it is the main thread of the
// library, and may be ended when it hangs.

import { WORKER_NAME } from "../../../lib/thread/worker_server.ts";
import { registered, runTest } from "./stand_in.ts";

/** What the page tells the worker. */
interface Order {
  /** The URL of the file. */
  file: string;
  /** Parts of the names of tests that are left out. */
  leftOut: string[];
}

/** How a test went; without an error it has passed. */
export interface Outcome {
  name: string;
  error?: string;
}

/** What the worker tells the page. */
export type Report =
  | { begins: string }
  | { ended: Outcome }
  | { all: string[] };

declare const self: { name: string; postMessage(report: Report): void };

async function run({ file, leftOut }: Order): Promise<void> {
  await import(file);
  for (const one of registered) {
    const { name, ignore } = one;
    if (ignore || leftOut.some((part) => name.includes(part))) continue;
    self.postMessage({ begins: name });
    let error: string | undefined;
    try {
      await runTest(one);
    } catch (thrown) {
      error = String((thrown as Error)?.stack ?? thrown);
    }
    self.postMessage({ ended: { name, ...error && { error } } });
  }
  self.postMessage({ all: registered.map(({ name }) => name) });
}

if (self.name !== WORKER_NAME) {
  globalThis.addEventListener("message", function listen(event) {
    const { data } = event as MessageEvent;
    if (typeof data?.file !== "string") return;
    globalThis.removeEventListener("message", listen);
    run(data).catch((error) => {
      self.postMessage({
        ended: { name: "the file", error: String(error?.stack ?? error) },
      });
      self.postMessage({ all: [] });
    });
  });
}
