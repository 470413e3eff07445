// Copyright 2026 the lab9 authors. MIT license.

import { currentThread, expose } from "@lab9/concurrency";
import { taylorExp } from "../pool.ts";

/** Where and when a number was computed, besides what came of it. */
export interface Timed {
  value: number;
  /** The process, and its thread. */
  host: number;
  thread: string;
  /** On a clock that all processes of a machine share, in milliseconds. */
  start: number;
  end: number;
}

/** The notebook's function, and the time that it takes. */
export function timedExp(x: number): Timed {
  const now = () => performance.timeOrigin + performance.now();
  const start = now();
  const value = taylorExp(x);
  const { name: thread } = currentThread();
  return { value, host: Deno.pid, thread, start, end: now() };
}

expose(import.meta, { timedExp });
