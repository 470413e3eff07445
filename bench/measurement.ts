// Copyright 2026 the lab9 authors. MIT license.

import { DEFAULTS, type Settings } from "./protocol.ts";

/**
 * What a contender needs that a machine may not have. Knitting isn't on npm: a
 * checkout of it is named on the command line, and its path is the last argument of
 * what needs it.
 */
export type Need = "python3" | "numpy" | "knitting";

/** A program that is asked for one figure. */
export interface Contender {
  name: string;
  /** The program and its arguments. */
  command: string[];
  /** How many items a burst has, to tell a rate. */
  count: number;
  needs?: Need;
  /**
   * The process is started `times` in a round and clocked from outside, up to its
   * first line, which it `prints`. Without it, the process clocks itself.
   */
  launches?: { times: number; prints: string };
}

/** A ratio of two contenders' speeds. */
export interface Comparison {
  /** The measurement's name and what it is compared with. */
  id: string;
  /** Whose speed. */
  ours: string;
  /** Against whose: the best of these by its median, or so many seconds. */
  against: string[] | number;
  /** What the reader sees that it is compared with. */
  label: string;
}

/** Contenders that do the same, and what to compare. */
export interface Measurement {
  /** Its name on the command line. */
  name: string;
  title: string;
  /** What its rates count. */
  unit: string;
  contenders: Contender[];
  comparisons: Comparison[];
  /** Whether it shows how cost grows, instead of comparing with others. */
  isScaling?: boolean;
}

/** The programs, by the names that the reader knows them by. */
const PROGRAMS = {
  "this library": ["lab9.ts"],
  "postMessage": ["post_message.ts"],
  "multithreading": ["multithreading.ts"],
  "piscina": ["piscina.ts"],
  "piscina, 64 a worker": ["piscina.ts", "64"],
  "poolifier-web-worker": ["poolifier_web_worker.ts"],
  "poolifier": ["poolifier.ts"],
  "comlink": ["comlink.ts"],
  "workerpool": ["workerpool.ts"],
  "knitting": ["knitting.ts"],
  "CPython": ["cpython.py"],
} as const;

/** The name of a program. */
export type Program = keyof typeof PROGRAMS;

/** This library, as it is called in every measurement. */
export const OURS = "this library" satisfies Program;

/** Every other pool for Deno. */
export const PEER_POOLS = [
  "multithreading",
  "piscina",
  "piscina, 64 a worker",
  "poolifier-web-worker",
  "poolifier",
  "comlink",
  "workerpool",
] as const satisfies Program[];

const PISCINA_ENV =
  "--allow-env=PISCINA_DISABLE_ATOMICS,PISCINA_ENABLE_ASYNC_ATOMICS";

/** What the packages' code asks for besides reading itself. */
const PERMISSIONS: Partial<Record<Program, string[]>> = {
  "piscina": [PISCINA_ENV],
  "piscina, 64 a worker": [PISCINA_ENV],
  "poolifier-web-worker": ["--allow-env=ENVIRONMENT", "--allow-sys=cpus"],
  "poolifier": ["--allow-sys=cpus"],
  "workerpool": ["--allow-sys=cpus"],
};

const NEEDS: Partial<Record<Program, Need>> = {
  "CPython": "python3",
  "knitting": "knitting",
};

/** How a script of the bench is run on Deno. */
export function onDeno(script: string, ...flags: string[]): string[] {
  const path = `bench/contenders/${script}`;
  return ["deno", "run", "--no-prompt", "--allow-read=.", ...flags, path];
}

/**
 * A contender that clocks itself.
 *
 * @param program Which program.
 * @param role What it is asked to do.
 * @param settings How much of it.
 * @param options What differs from the others: its name here, flags for Deno,
 * what it needs.
 */
export function contender(
  program: Program,
  role: string,
  settings: Partial<Settings>,
  options: { name?: string; flags?: string[]; needs?: Need } = {},
): Contender {
  const [script, ...rest] = PROGRAMS[program];
  const all = { ...DEFAULTS, ...settings };
  const isPython = script.endsWith(".py");
  const start = isPython
    ? ["python3", `bench/contenders/${script}`]
    : program === "knitting"
    // It looks at much, and its checkout's modules are in no lock of ours.
    ? ["deno", "run", "--allow-all", "--no-lock", `bench/contenders/${script}`]
    : onDeno(script, ...PERMISSIONS[program] ?? [], ...options.flags ?? []);
  return {
    name: options.name ?? program,
    command: [...start, role, JSON.stringify(all), ...rest],
    count: all.count,
    needs: options.needs ?? NEEDS[program],
  };
}

/** A comparison of this library with one other. */
export function versus(measurement: string, other: string): Comparison {
  return {
    id: `${measurement}/${other}`,
    ours: OURS,
    against: [other],
    label: other,
  };
}

/** A comparison of this library with the best of several others. */
export function versusBest(
  measurement: string,
  others: readonly string[],
): Comparison {
  return {
    id: `${measurement}/best peer`,
    ours: OURS,
    against: [...others],
    label: "the best peer",
  };
}
