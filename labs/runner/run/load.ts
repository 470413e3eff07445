// Copyright 2026 the lab9 authors. MIT license.

import { cpus } from "node:os";
import process from "node:process";

/** The processor time up to a moment. */
export interface LoadMark {
  /** The moment, in seconds on the clock. */
  time: number;
  /** How many seconds the processors have computed, for all programs. */
  busy: number;
  /** How many seconds they have computed for this program. */
  own: number;
}

const permission = await Deno.permissions.query({ name: "sys", kind: "cpus" });

/** The processor time up to now; undefined without the permission to read it. */
export function markLoad(): LoadMark | undefined {
  if (permission.state !== "granted") return undefined;
  let busy = 0;
  for (const { times } of cpus()) {
    busy += times.user + times.nice + times.sys + times.irq;
  }
  const { user, system } = process.cpuUsage();
  return {
    time: performance.now() / 1000,
    busy: busy / 1000,
    own: (user + system) / 1e6,
  };
}

/**
 * How many processors other programs used between two moments.
 *
 * @param from The first moment.
 * @param to The second.
 * @param lab The processor time that the lab took meanwhile, in seconds.
 */
export function othersBetween(
  from: LoadMark | undefined,
  to: LoadMark | undefined,
  lab: number,
): number | undefined {
  if (from === undefined || to === undefined) return undefined;
  const others = to.busy - from.busy - (to.own - from.own) - lab;
  // The system counts in hundredths of a second.
  const share = others / Math.max(0.01, to.time - from.time);
  return Math.min(Math.max(0, share), navigator.hardwareConcurrency);
}
