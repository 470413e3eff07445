import { assert, assertEquals, assertGreater } from "@std/assert";
import type { LabEvent } from "../../labs/notebook/events.ts";
import {
  RECORD_SEPARATOR,
  type Timeline,
} from "../../labs/notebook/timeline.ts";
import { runLabTask } from "../support/labs.ts";
import { runProcess } from "../support/thread_process.ts";
import { processTest } from "../support/threads.ts";

async function timelinesOf(
  lab: "threads" | "queue" | "pool" | "gil",
  ...args: string[]
): Promise<Map<string, Timeline>> {
  const { code, stdout } = await runLabTask(lab, "--events", ...args);
  assertEquals(code, 0);
  return timelinesIn(stdout);
}

function timelinesIn(out: string): Map<string, Timeline> {
  const timelines = out.split("\n")
    .filter((line) => line.startsWith(RECORD_SEPARATOR))
    .map((line) => JSON.parse(line.slice(1)) as LabEvent)
    .flatMap((event) => event.type === "end" ? event.timeline : []);
  for (const timeline of timelines) assertNested(timeline);
  return new Map(timelines.map((timeline) => [timeline.cell, timeline]));
}

/** No span reaches out of the one that it began in, nor out of the cell. */
function assertNested({ spans, duration }: Timeline): void {
  for (const span of spans) {
    assert(0 <= span.start && span.start <= span.end && span.end <= duration);
    for (const other of spans) {
      if (other.thread !== span.thread || other === span) continue;
      const crosses = span.start < other.start && other.start < span.end &&
        span.end < other.end;
      assert(!crosses, JSON.stringify([span, other]));
    }
  }
}

function spansOf({ spans, threads }: Timeline, state: string, name: RegExp) {
  const idents = threads.filter((t) => name.test(t.name)).map((t) => t.ident);
  return spans.filter((span) =>
    span.state === state && idents.includes(span.thread)
  );
}

processTest("recording tells who slept, and who waited for whom", async () => {
  const cell = (await timelinesOf("threads", "--cell", "7")).get("7")!;
  assertEquals(cell.threads.map(({ name }) => name), [
    "MainThread",
    "Thread-1 (doSomething)",
    "Thread-2 (doSomething)",
  ]);
  const [first, second] = spansOf(cell, "sleep", /^Thread/);
  assertGreater(first.end - first.start, 990);
  assertGreater(second.end - second.start, 990);
  // At the same time: one began before the other was done.
  assert(second.start < first.end && first.start < second.end);
  const [join] = spansOf(cell, "join", /^Main/);
  assertEquals(join.label, "Thread-1 (doSomething)");
});

processTest("recording follows items through a queue", async () => {
  const cell = (await timelinesOf("queue", "--cell", "24")).get("24")!;
  const items = cell.flows.filter(({ kind }) => kind === "item");
  assertEquals(items.length, 3);
  assertEquals(new Set(items.map(({ to }) => to.thread)).size, 3);
  for (const { from, to } of items) {
    assertEquals(from.thread, cell.threads[0].ident);
    assert(from.time <= to.time);
  }
  assertEquals(cell.depths.length, 6);
  assertEquals(cell.depths.at(-1)!.depth, 0);
  assert(spansOf(cell, "queue", /^Thread/).length >= 4);
});

processTest(
  "recording tells a pool's tasks, and waits for the lock",
  async () => {
    const args = ["--quick", "--cell", "35,36"];
    const cells = await timelinesOf("gil", ...args);
    assertEquals(spansOf(cells.get("36")!, "task", /^PoolWorker/).length, 4);
    assert(spansOf(cells.get("36")!, "pool", /^MainThread/).length > 0);
    const threaded = cells.get("35")!;
    assert(spansOf(threaded, "gil", /^Thread/).length > 0);
    assert(threaded.flows.some(({ kind }) => kind === "lock"));
  },
);

processTest("a lab prints no timelines unless it is asked", async () => {
  const { stdout } = await runLabTask("threads", "--cell", "4");
  assert(!stdout.includes(RECORD_SEPARATOR));
});

processTest("recording knows a stream as it knows a call", async () => {
  const flags = ["--allow-read=labs,lib,mod.ts,tests,vendor"];
  const args = ["--events"];
  const { out, err } = await runProcess("recorded_stream.ts", args, flags);
  assertEquals(err, "");
  const [cell] = timelinesIn(out).values();
  assertEquals(spansOf(cell, "pool", /^MainThread/).length, 1);
});
