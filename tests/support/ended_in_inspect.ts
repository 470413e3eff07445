// A thread that is ended while Deno's native code has called it.

import process from "node:process";
import { Event, expose, sleep, Thread } from "../../mod.ts";

export function inspectForEver(begun: Event): void {
  for (;;) {
    try {
      Deno.inspect({
        get [Symbol.toStringTag]() {
          begun.set();
          return "tag";
        },
      });
    } catch {
      // It is to end.
    }
  }
}
expose(import.meta, { inspectForEver });

/** The part of a core that the process uses for a moment. */
async function load(): Promise<number> {
  const start = performance.now();
  const before = process.cpuUsage();
  await sleep(0.2);
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000 / (performance.now() - start);
}

if (import.meta.main) {
  const begun = new Event();
  const thread = new Thread(inspectForEver, { args: [begun] });
  thread.start();
  await begun.wait();
  await thread.terminate();
  const { name } = await thread.join().catch((error) => error);
  let looks = 0;
  while (looks < 50 && await load() > 0.05) looks++;
  console.log(name, looks < 50 ? "idle" : "busy");
}
