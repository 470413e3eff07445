// Copyright 2026 the lab9 authors. MIT license.

import { isTimeout, preemptionsIn, threadOf } from "./schedule.ts";
import type { Run } from "./crew.ts";
import { instrumentUrl, type TracedStep } from "./instrument.ts";
import { currentRegistry } from "../codec/references.ts";
import { serverUrl } from "../thread/worker_server.ts";

/** A step of a thread in a schedule. */
export interface ScheduleStep {
  /** The name of the thread. */
  thread: string;
  /**
   * The method of the library that the thread calls, for example `Lock.acquireSync`. If it
   * calls none, this is the operation.
   */
  call: string;
  /** The place in the thread's code, for example `race.ts:31`; empty outside of it. */
  line: string;
  /** The operation on shared memory, for example `Atomics.compareExchange`. */
  operation: string;
  /** The value in memory after the operation. */
  value: string;
  /** Whether the thread took the turn from one that could have gone on. */
  isPreemption: boolean;
}

/** A span of a {@linkcode ScheduleTimeline}. */
export interface ScheduleSpan {
  /** The thread's number, from 1. */
  thread: number;
  /** Whether the thread ran, or what it waited for. */
  state: "run" | "queue" | "lock" | "gil";
  /** The number of its first step. */
  start: number;
  /** The number of the step after its last one. */
  end: number;
  /** The method or the operation. */
  label: string;
}

/** A schedule as a timeline, from which the labs' pictures are drawn. Steps are times. */
export interface ScheduleTimeline {
  /** The name in the picture: `"schedule"`. */
  cell: string;
  /** How the scenario failed. */
  title: string;
  /** How many steps there are. */
  duration: number;
  /** The threads, in their order. */
  threads: { ident: number; name: string }[];
  /** The spans of the threads. */
  spans: ScheduleSpan[];
  /** It has no flows. */
  flows: never[];
  /** It has no depths of queues. */
  depths: never[];
}

const LIBRARY = new URL("../", import.meta.url).href;
const EXPLORER = new URL("./", import.meta.url).href;
/** Whether all modules are in one bundle, so that their URLs are the same. */
const IS_BUNDLE = serverUrl === import.meta.url;
/** Whether the modules are in a bundle of several files. */
const IS_SPLIT = !IS_BUNDLE &&
  !/\/explore\/trace\.[jt]s$/.test(import.meta.url);
/** The functions of `instrument.ts` that make a step. */
const STEPS: ReadonlySet<string> = new Set(["note", "step", "enter"]);
/** The methods of `thread_worker.ts` that call a thread's function. */
const CALLERS = /#(live|settle|end)$/;
/** The library's functions that these methods call, at a thread's beginning and end. */
const LIFE = /^(endThread|abandonWaits|Slot\.(begin|end))$/;

/** The steps of a schedule that was traced, in order. */
export function stepsOf({ traces, decisions, threads }: Run): ScheduleStep[] {
  const callOf = callFinder();
  const byIndex = new Map<number, TracedStep>();
  for (const trace of traces) {
    for (const step of trace) byIndex.set(step.index, step);
  }
  const preemptions = new Set(preemptionsIn(decisions));
  const steps: ScheduleStep[] = [];
  for (const [i, { choice }] of decisions.entries()) {
    const thread = threads[threadOf(choice)];
    const traced = byIndex.get(i);
    const preempts = preemptions.has(i);
    if (traced !== undefined) {
      steps.push({
        thread,
        ...describe(traced, callOf),
        isPreemption: preempts,
      });
    } else if (isTimeout(choice)) {
      steps.push({
        thread,
        call: "timeout",
        line: "",
        operation: "timeout",
        value: "",
        isPreemption: preempts,
      });
    }
  }
  return steps;
}

/** A line of a stack. */
interface Frame {
  name: string;
  url: string;
  line: string;
}

/** A line of a stack of V8's, and of one of Firefox's. */
const IN_V8 = /^\s+at (?:async )?(?:(.*?) \()?(\w+:.*?):(\d+):\d+\)?$/;
const IN_FIREFOX = /^(?:async\*)?(.*?)@(\w+:.*?):(\d+):\d+$/;

function framesOf(stack: string): Frame[] {
  const frames: Frame[] = [];
  for (const text of stack.split("\n")) {
    const [, name = "", url, line] = IN_V8.exec(text) ??
      IN_FIREFOX.exec(text) ?? [];
    if (url === undefined || !/^(file|https?|blob|data|jsr):/.test(url)) {
      continue;
    }
    frames.push({ name: name.replace(/^(new|async) /, ""), url, line });
  }
  return frames;
}

/** The call of a step and its place, by the stack. */
function describe(
  { operation, value, stack, isAfter }: TracedStep,
  callOf: FindCall,
) {
  const { callee, caller } = callOf(framesOf(stack));
  const call = callee?.name || operation;
  if (caller !== undefined) {
    return { call, line: placeOf(caller), operation, value };
  }
  // If the stack has no names, all steps after the thread's function are its end.
  const isEnd = call === "endThread" || IS_SPLIT && isAfter;
  return { call: isEnd ? "ends" : call, line: "", operation, value };
}

/** A call of the library in the thread's own code. */
interface Call {
  /** The library's function, if one is called. */
  callee?: Frame;
  /** The place in the thread's code. */
  caller?: Frame;
}

type FindCall = (frames: readonly Frame[]) => Call;

function callFinder(): FindCall {
  if (IS_BUNDLE) return callInBundle;
  if (!IS_SPLIT) return callIn;
  const { own, exposing } = currentRegistry();
  const users = new Set(exposing.keys());
  for (const url of own) users.delete(url);
  return (frames) => callInFiles(frames, users);
}

/** The file and the line of a frame. A minified file has only one line. */
function placeOf({ url, line }: Frame): string {
  if (IS_SPLIT && line === "1") return "";
  return `${url.replace(/^.*[/#]/, "")}:${line}`;
}

function callIn(frames: readonly Frame[]): Call {
  let callee: Frame | undefined;
  for (const frame of frames) {
    if (frame.url.startsWith(EXPLORER)) continue;
    if (!frame.url.startsWith(LIBRARY)) return { callee, caller: frame };
    callee = frame;
  }
  return { callee };
}

/** Finds the call by the names: the thread's function is called by the explorer. */
function callInBundle(frames: readonly Frame[]): Call {
  const top = frames.findIndex(({ name }) => CALLERS.test(name)) - 1;
  const first = frames.findIndex(({ name }) => !STEPS.has(name)) + 1;
  if (top < first) return {};
  if (LIFE.test(frames[top].name)) return { callee: frames[top] };
  const callee = top > first ? frames[top - 1] : undefined;
  return { callee, caller: frames[top] };
}

/** Finds the call by the files: the threads' functions are in files that expose some. */
function callInFiles(
  frames: readonly Frame[],
  users: ReadonlySet<string>,
): Call {
  const at = frames.findIndex(({ url }) => users.has(url));
  const first = frames.findIndex(({ url }) => url !== instrumentUrl);
  if (at < 0) return {};
  return {
    callee: at > first ? frames[at - 1] : undefined,
    caller: frames[at],
  };
}

/** The text of a step in the table. */
function textOf({ call, line, operation, value }: ScheduleStep): string {
  const detail = call === operation && value !== "" ? ` → ${value}` : "";
  return `${call.replace(/^Atomics\./, "")}${detail}${line && `  ${line}`}`;
}

/** How many rows the table has at most. A longer one is cut in the middle. */
const MOST_ROWS = 80;
/** How many rows stand before the cut. */
const FIRST_ROWS = 20;

/** The steps as a table with a column for each thread. */
export function tableOf(steps: readonly ScheduleStep[], run: Run): string {
  const rows: { column: number; text: string; count: number }[] = [];
  for (const step of steps) {
    const column = run.threads.indexOf(step.thread);
    const text = textOf(step);
    const last = rows.at(-1);
    if (last?.column === column && last.text === text) last.count++;
    else rows.push({ column, text, count: 1 });
  }
  const cells = rows.map(({ text, count }) =>
    count > 1 ? `${text} (${count} steps)` : text
  );
  const widths = run.threads.map((name, column) =>
    Math.max(
      name.length,
      ...cells.filter((_, i) => rows[i].column === column)
        .map(({ length }) => length),
    )
  );
  const margin = `${rows.length}`.length;
  const lineOf = (number: string, texts: string[]) =>
    [
      number.padStart(margin),
      ...texts.map((text, i) => text.padEnd(widths[i])),
    ].join("  ").trimEnd();
  const lines = rows.map(({ column }, i) =>
    lineOf(
      `${i + 1}`,
      run.threads.map((_, other) => other === column ? cells[i] : ""),
    )
  );
  if (lines.length > MOST_ROWS) {
    const left = lines.length - MOST_ROWS;
    lines.splice(FIRST_ROWS, left, lineOf("", [`… ${left} more …`]));
  }
  return [lineOf("", run.threads), ...lines].join("\n");
}

/** The steps as a timeline, for the labs' pictures. */
export function timelineOf(
  steps: readonly ScheduleStep[],
  { threads, waiting }: Run,
  title: string,
): ScheduleTimeline {
  const spans: ScheduleSpan[] = [];
  const add = (
    thread: number,
    state: ScheduleSpan["state"],
    start: number,
    end: number,
    label: string,
  ) => {
    const last = spans.findLast((span) => span.thread === thread);
    if (last?.end === start && last.state === state && last.label === label) {
      last.end = end;
    } else if (end > start) spans.push({ thread, state, start, end, label });
  };
  for (const [i] of threads.entries()) {
    const own = [...steps.entries()]
      .filter(([, step]) => step.thread === threads[i]);
    for (const [at, [index, step]] of own.entries()) {
      const { operation, call } = step;
      add(i + 1, "run", index, index + 1, call);
      const isLast = at === own.length - 1;
      if (!operation.startsWith("Atomics.wait")) continue;
      if (isLast && !waiting.includes(i)) continue;
      const end = isLast ? steps.length : own[at + 1][0];
      add(i + 1, waitState(call), index + 1, end, call);
    }
  }
  return {
    cell: "schedule",
    title,
    duration: steps.length,
    threads: threads.map((name, i) => ({ ident: i + 1, name })),
    spans,
    flows: [],
    depths: [],
  };
}

function waitState(call: string): ScheduleSpan["state"] {
  if (call.includes("Queue")) return "queue";
  return call.startsWith("Gil.") ? "gil" : "lock";
}
