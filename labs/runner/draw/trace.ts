// Copyright 2026 the lab9 authors. MIT license.

import type { Flow, Timeline } from "../../notebook/timeline.ts";
import { type Lane, lanesOf } from "./lanes.ts";
import { STATES } from "./states.ts";

/** An event of the Trace Event Format. Times are whole microseconds. */
export interface TraceEvent {
  /** Metadata, a slice, a flow's start, its end, or a counter's value. */
  ph: "M" | "X" | "s" | "f" | "C";
  name: string;
  cat?: string;
  pid: number;
  tid: number;
  ts: number;
  dur?: number;
  id?: number;
  /** Binds a flow's end to the slice around it, not to the next one. */
  bp?: "e";
  args?: Record<string, string | number>;
}

/** A document of the Trace Event Format. */
export interface Trace {
  traceEvents: TraceEvent[];
  displayTimeUnit: "ms";
}

/** The names of a flow's ends. */
const ENDS: Record<Flow["kind"], [from: string, to: string]> = {
  item: ["put", "get"],
  lock: ["release", "acquire"],
};

/** The time between two cells, in microseconds. */
const PAUSE = 100_000;

/**
 * Turns timelines into a trace for Perfetto. Each cell is a process, and the processes
 * follow one another.
 *
 * @param timelines The timelines, in order. A process has the name of the cell and its
 * title, so the cell's name should have the lab: `threads:7`.
 * @returns The trace, which is written as JSON.
 */
export function traceEvents(timelines: Timeline[]): Trace {
  let start = 0;
  // No two threads in the file have the same tid, because some viewers identify a thread
  // by its tid alone. The tid of the main thread is the pid, as on Linux.
  let nextId = 1;
  let nextFlow = 1;
  const traceEvents = timelines.flatMap((timeline, index) => {
    const cell = new CellTrace(timeline, start, nextId, nextFlow);
    start += microseconds(timeline.duration) + PAUSE;
    nextId += Math.max(1, timeline.threads.length);
    nextFlow += timeline.flows.length;
    return [...cell.metadata(index), ...cell.events()];
  });
  return { traceEvents, displayTimeUnit: "ms" };
}

function microseconds(milliseconds: number): number {
  return Math.round(milliseconds * 1000);
}

class CellTrace {
  #timeline: Timeline;
  #lanes: Lane[];
  #start: number;
  #pid: number;
  #firstFlow: number;
  #tids: Map<number, number>;

  constructor(
    timeline: Timeline,
    start: number,
    pid: number,
    firstFlow: number,
  ) {
    this.#timeline = timeline;
    this.#lanes = lanesOf(timeline);
    this.#start = start;
    this.#pid = pid;
    this.#firstFlow = firstFlow;
    this.#tids = new Map(
      timeline.threads.map(({ ident }, i) => [ident, pid + i]),
    );
  }

  /** The names of the process and its threads, and their order. */
  metadata(index: number): TraceEvent[] {
    const { cell, title, threads } = this.#timeline;
    const say = (tid: number, name: string, args: TraceEvent["args"]) => ({
      ph: "M" as const,
      name,
      pid: this.#pid,
      tid,
      ts: 0,
      args,
    });
    return [
      say(this.#pid, "process_name", { name: `${cell} ${title}` }),
      say(this.#pid, "process_sort_index", { sort_index: index }),
      ...threads.flatMap(({ name }, i) => [
        say(this.#pid + i, "thread_name", { name }),
        say(this.#pid + i, "thread_sort_index", { sort_index: i }),
      ]),
    ];
  }

  /**
   * The events in the order of their times, in which viewers read them. A slice stands
   * before the slices in it, and before the flows that are bound to it.
   */
  events(): TraceEvent[] {
    const counters = this.#counters();
    return [...this.#slices(), ...this.#flows(), ...counters]
      .toSorted(([a], [b]) => a.ts - b.ts)
      .flat();
  }

  #slices(): TraceEvent[][] {
    return this.#lanes.flatMap(({ thread, spans }) =>
      spans.map(({ state, start, end, label }) => {
        const event: TraceEvent = {
          ph: "X",
          name: label ?? STATES[state].name,
          cat: state,
          pid: this.#pid,
          tid: this.#tids.get(thread.ident)!,
          ts: this.#at(start),
          dur: this.#at(end) - this.#at(start),
        };
        return [event];
      })
    );
  }

  /**
   * The flows. Perfetto binds the end of a flow to the slice that began last on its thread,
   * even if that slice has ended. So each end has a slice of its own, without duration.
   */
  #flows(): TraceEvent[][] {
    return this.#timeline.flows.flatMap(({ kind, from, to }, i) => {
      const sender = this.#tids.get(from.thread);
      const receiver = this.#tids.get(to.thread);
      if (sender === undefined || receiver === undefined) return [];
      const sent = this.#at(from.time);
      const [put, get] = ENDS[kind];
      const common = { cat: kind, pid: this.#pid };
      const start = { ...common, tid: sender, ts: sent };
      const end = {
        ...common,
        tid: receiver,
        ts: Math.max(sent, this.#at(to.time)),
      };
      const flow = { name: `${put} to ${get}`, id: this.#firstFlow + i };
      return [[
        { ...start, ph: "X", name: put, dur: 0 },
        { ...start, ...flow, ph: "s" },
      ], [
        { ...end, ph: "X", name: get, dur: 0 },
        { ...end, ...flow, ph: "f", bp: "e" },
      ]];
    });
  }

  #counters(): TraceEvent[][] {
    return this.#timeline.depths.map(({ queue, time, depth }) => {
      const event: TraceEvent = {
        ph: "C",
        name: queue,
        pid: this.#pid,
        tid: this.#pid,
        ts: this.#at(time),
        args: { items: depth },
      };
      return [event];
    });
  }

  /** A time of the cell as a time in the file, in microseconds. */
  #at(time: number): number {
    const inCell = Math.min(Math.max(time, 0), this.#timeline.duration);
    return this.#start + microseconds(inCell);
  }
}
