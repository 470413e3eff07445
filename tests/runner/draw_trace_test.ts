import { assert, assertEquals, assertGreaterOrEqual } from "@std/assert";
import {
  type Trace,
  type TraceEvent,
  traceEvents,
} from "../../labs/runner/draw/trace.ts";
import {
  contended,
  crowded,
  queued,
  sequential,
  threaded,
  timelineOf,
} from "../support/draw.ts";

const METADATA: Record<string, string> = {
  process_name: "string",
  process_sort_index: "number",
  thread_name: "string",
  thread_sort_index: "number",
};

/** Fails where a document breaks the rules of the Trace Event Format. */
function assertValid(trace: Trace): void {
  // As a viewer gets it.
  const { traceEvents } = JSON.parse(JSON.stringify(trace)) as Trace;
  for (const event of traceEvents) assertEvent(event);
  const timed = traceEvents.filter(({ ph }) => ph !== "M");
  for (const thread of Map.groupBy(timed, ({ tid }) => tid).values()) {
    assertThread(thread);
  }
  assertNames(traceEvents);
  assertFlows(timed);
}

function assertEvent(event: TraceEvent): void {
  const { ph, name, pid, tid, ts, args = {} } = event;
  assert(name.length > 0);
  assertInteger(pid);
  assertInteger(tid);
  assertInteger(ts);
  if (ph === "M") assertEquals(typeof Object.values(args)[0], METADATA[name]);
  else if (ph === "X") assertInteger(event.dur);
  else if (ph === "C") {
    assert(Object.values(args).every((value) => typeof value === "number"));
  } else {
    assert(ph === "s" || ph === "f", `No such phase: ${ph}`);
    assertInteger(event.id);
    assertEquals(event.bp, ph === "f" ? "e" : undefined);
  }
}

/** Not negative, and no more than an `int32`: some viewers take no more. */
function assertInteger(value: number | undefined): void {
  assert(Number.isInteger(value) && value! >= 0 && value! < 2 ** 31);
}

/** Times ascend, slices nest, flows are inside of slices. */
function assertThread(events: TraceEvent[]): void {
  const open: number[] = [];
  let last = 0;
  for (const { ph, ts, dur = 0 } of events) {
    assertGreaterOrEqual(ts, last);
    last = ts;
    if (ph === "C") continue;
    while (open.length > 0 && open.at(-1)! < ts) open.pop();
    if (ph === "X") {
      // What begins where another ends stands next to it, not in it.
      while (open.length > 0 && open.at(-1)! === ts && dur > 0) open.pop();
      if (open.length > 0) assertGreaterOrEqual(open.at(-1)!, ts + dur);
      open.push(ts + dur);
    } else {
      assert(open.length > 0, `A flow at ${ts} is in no slice`);
    }
  }
}

/** Every thread has a name and a place, every tid belongs to one process. */
function assertNames(events: TraceEvent[]): void {
  for (const [tid, thread] of Map.groupBy(events, ({ tid }) => tid)) {
    assertEquals(new Set(thread.map(({ pid }) => pid)).size, 1);
    const said = thread.filter(({ ph }) => ph === "M").map(({ name }) => name);
    assert(said.includes("thread_name"), `Thread ${tid} has no name`);
    assert(said.includes("thread_sort_index"), `${tid} has no place`);
    assertEquals(new Set(said).size, said.length);
  }
}

/** Each flow has one start and one end, in this order, alike. */
function assertFlows(events: TraceEvent[]): void {
  const flows = events.filter(({ ph }) => ph === "s" || ph === "f");
  for (const ends of Map.groupBy(flows, ({ id }) => id).values()) {
    assertEquals(ends.map(({ ph }) => ph), ["s", "f"]);
    const [start, end] = ends;
    assertEquals([start.cat, start.name], [end.cat, end.name]);
    assertGreaterOrEqual(end.ts, start.ts);
  }
}

function select(trace: Trace, ...phases: string[]): TraceEvent[] {
  return trace.traceEvents.filter(({ ph }) => phases.includes(ph));
}

Deno.test("A trace keeps the rules of its format", () => {
  const all = [sequential, threaded, queued, contended, crowded, queued];
  for (const timeline of all) assertValid(traceEvents([timeline]));
  assertValid(traceEvents(all));
  assertValid(traceEvents([]));
});

Deno.test("A trace names cells and threads, in order", () => {
  const trace = traceEvents([{ ...threaded, cell: "threads:7" }, sequential]);
  assertEquals(
    select(trace, "M").map(({ pid, tid, name, args }) =>
      [pid, tid, name, ...Object.values(args!)].join(" ")
    ),
    [
      "1 1 process_name threads:7 two threads",
      "1 1 process_sort_index 0",
      "1 1 thread_name MainThread",
      "1 1 thread_sort_index 0",
      "1 2 thread_name Thread-1 (doSomething)",
      "1 2 thread_sort_index 1",
      "1 3 thread_name Thread-2 (doSomething)",
      "1 3 thread_sort_index 2",
      "4 4 process_name 5 two calls in a row",
      "4 4 process_sort_index 1",
      "4 4 thread_name MainThread",
      "4 4 thread_sort_index 0",
    ],
  );
});

Deno.test("A trace has the spans, one cell after another", () => {
  const trace = traceEvents([sequential, sequential]);
  assertEquals(
    select(trace, "X").map(({ name, ts, dur }) => [name, ts, dur]),
    [
      ["run", 0, 2_001_000],
      ["sleep", 300, 1_000_100],
      ["sleep", 1_000_800, 1_000_100],
      ["run", 2_101_000, 2_001_000],
      ["sleep", 2_101_300, 1_000_100],
      ["sleep", 3_101_800, 1_000_100],
    ],
  );
});

Deno.test("A trace has an arrow from put to get, release to acquire", () => {
  const trace = traceEvents([queued]);
  assertEquals(
    select(trace, "s", "f").map(({ ph, id, name, tid, ts }) =>
      [ph, id, name, tid, ts].join(" ")
    ),
    [
      "s 1 put to get 1 300",
      "f 1 put to get 2 500",
      "s 2 put to get 1 600",
      "s 3 put to get 1 800",
      "f 2 put to get 3 900",
      "f 3 put to get 2 2001200",
      "s 4 release to acquire 2 3000000",
      "f 4 release to acquire 3 3001000",
    ],
  );
  const marks = select(trace, "X").filter(({ dur }) => dur === 0);
  assertEquals(
    marks.map(({ name }) => name).sort(),
    ["acquire", "get", "get", "get", "put", "put", "put", "release"],
  );
});

Deno.test("A trace counts what a queue holds", () => {
  const counters = select(traceEvents([queued]), "C");
  assertEquals(
    counters.map(({ name, ts, args }) => [name, ts, args]),
    [
      ["q", 300, { items: 1 }],
      ["q", 500, { items: 0 }],
      ["q", 800, { items: 1 }],
      ["q", 2_001_200, { items: 0 }],
    ],
  );
});

Deno.test("A trace is valid whatever the clocks said", () => {
  const untidy = timelineOf("1", "untidy", 100, {
    MainThread: [["run", 0, 100.0004], ["sleep", 10, 120], ["lock", 90, 110]],
    Daemon: [["run", -50, 500], ["queue", -10, 5], ["sleep", 4.9996, 30]],
    Idle: [],
  });
  const [{ ident: main }, { ident: daemon }, { ident: idle }] = untidy.threads;
  untidy.flows = [
    {
      kind: "item",
      id: 1e15,
      from: { thread: main, time: 50 },
      to: { thread: daemon, time: 49.9 },
    },
    {
      kind: "lock",
      id: 1e15 + 1,
      from: { thread: idle, time: -5 },
      to: { thread: main, time: 900 },
    },
    {
      kind: "lock",
      id: 1e15 + 2,
      from: { thread: 12345, time: 1 },
      to: { thread: main, time: 2 },
    },
  ];
  assertValid(traceEvents([untidy, untidy]));
});
