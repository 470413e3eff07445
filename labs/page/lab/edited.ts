// Copyright 2026 the lab9 authors. MIT license.

/**
 * Runs what the reader has edited: a lab, or an exercise. The page has made a
 * module of it, and a worker whose first module imports this one.
 *
 * That worker is at a `blob:` URL, so it has the page's own policy, and so have
 * the workers that it starts: whatever they run, nothing gets out.
 *
 * @module
 */

import "./output.ts";
import { currentThread, enumerate } from "@lab9/concurrency";
import { prestartWorkers } from "../../../lib/thread/thread.ts";
import { WORKER_NAME } from "../../../lib/thread/worker_server.ts";
import { cell } from "./cell.ts";
import { serveLab } from "./serve.ts";

declare const self: { name: string };

export { checkStop } from "./output.ts";
export { serveLab };

/** Has workers at hand for the threads that the main thread starts. */
export async function prestart(count: number): Promise<void> {
  if (self.name !== WORKER_NAME) await prestartWorkers(count);
}

/** Runs an exercise, as the only cell of a lab. */
export function serveExercise(
  name: string,
  load: () => Promise<unknown>,
): void {
  cell(name, name, {}, async () => {
    await load();
    await threadsEnd();
  });
  serveLab();
}

/** As a program ends: once all threads have ended that aren't daemons. */
async function threadsEnd(): Promise<void> {
  for (const thread of enumerate()) {
    if (thread === currentThread() || thread.daemon) continue;
    // Who joins it is told what it has thrown; nobody does.
    await thread.join().catch(() => {});
  }
}
