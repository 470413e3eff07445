import { assertEquals } from "@std/assert";
import {
  canStep,
  endingOf,
  firstState,
  shortestDeadlock,
  take,
} from "../../labs/page/game/model.ts";
import { replayOf } from "../../labs/page/game/replay.ts";
import { scenarios } from "../../labs/page/game/scenarios.ts";
import { type Entry, Mark } from "../../lib/sync/recorder.ts";
import type { Timeline } from "../../labs/notebook/timeline.ts";

const [oneNone, opposite, inOrder] = scenarios;

Deno.test("The game knows the shortest way to a deadlock", () => {
  assertEquals(shortestDeadlock(opposite), [0, 1]);
  assertEquals(shortestDeadlock(inOrder), undefined);
  // Three puts, three gets, three reports: one worker waits for ever.
  assertEquals(shortestDeadlock(oneNone)?.length, 9);
});

Deno.test("The game's states are never changed, so one can go back", () => {
  const first = firstState(opposite);
  const kept = structuredClone(first);
  const second = take(opposite, first, 0);
  assertEquals(first, kept);
  assertEquals(second.holders, { "account-1": 0 });
  // The other thread's second lock is held, its first is free.
  assertEquals(canStep(opposite, second, 1), true);
  const third = take(opposite, second, 1);
  assertEquals([0, 1].map((one) => canStep(opposite, third, one)), [
    false,
    false,
  ]);
  assertEquals(endingOf(opposite, third), "deadlock");
});

Deno.test("In the game, threads that take turns all end", () => {
  let state = firstState(opposite);
  for (const thread of [0, 0, 0, 0, 1, 1, 1, 1]) {
    assertEquals(canStep(opposite, state, thread), true);
    state = take(opposite, state, thread);
  }
  assertEquals([endingOf(opposite, state), state.holders], ["done", {}]);
});

const MAIN = 1;
const [ONE, TWO] = [2, 3];

/** What threads recorded, in the order in which they claimed entries. */
function recording(...entries: Partial<Entry>[]): Entry[] {
  return entries.map((entry) => ({
    kind: Mark.NONE,
    thread: MAIN,
    start: 100,
    end: entry.start ?? 100,
    object: 0,
    index: 0,
    ...entry,
  }));
}

function replay(entries: Entry[], { start = 100, names = new Map() } = {}) {
  const timeline = {
    threads: [
      { ident: MAIN, name: "main" },
      { ident: ONE, name: "one" },
      { ident: TWO, name: "two" },
    ],
  } as Timeline;
  return replayOf({ entries, timeline, start, end: 200, names })!;
}

const told = ({ steps, threads }: ReturnType<typeof replay>) =>
  steps.map(({ thread, text }) => `${threads[thread]} ${text}`);

Deno.test("A recording in the game: an item is put before it is got", () => {
  const object = 7;
  const found = replay(recording(
    { kind: Mark.QUEUE, thread: ONE, start: 110, end: 121, object },
    // Both have done it; the one that put was slower to record so.
    { kind: Mark.GET, thread: ONE, start: 120, object },
    { kind: Mark.PUT, start: 121, object },
    { kind: Mark.PUT, start: 122, object, index: 1 },
  ));
  assertEquals(told(found), [
    "one waits for queue 1",
    "main puts item 1 into queue 1",
    "one gets item 1 from queue 1",
    "main puts item 2 into queue 1",
  ]);
  assertEquals(found.steps.map(({ state }) => state.queues["queue 1"]), [
    [],
    ["item 1"],
    [],
    ["item 2"],
  ]);
  assertEquals(found.steps[0].state.threads[1], "waits for queue 1");
  assertEquals(found.steps[2].state.threads[1], "runs");
});

Deno.test("A recording in the game: who holds what, and who stops waiting", () => {
  const names = new Map([[8, "Lock left"], [9, "Lock right"]]);
  const [left, right] = [8, 9];
  const found = replay(
    recording(
      { kind: Mark.ACQUIRE, thread: ONE, start: 101, object: left },
      { kind: Mark.ACQUIRE, thread: TWO, start: 102, object: right },
      { kind: Mark.LOCK, thread: ONE, start: 103, end: 108, object: right },
      { kind: Mark.LOCK, thread: TWO, start: 104, end: 105, object: left },
      { kind: Mark.RELEASE, thread: TWO, start: 106, object: right },
      { kind: Mark.ACQUIRE, thread: ONE, start: 107, object: right },
    ),
    { names },
  );
  assertEquals(told(found), [
    "one acquires left",
    "two acquires right",
    "one waits for right",
    "two waits for left",
    "two no longer waits for left",
    "two releases right",
    "one acquires right",
  ]);
  const holders = found.steps.map(({ state }) => state.holders);
  assertEquals(holders[3], { left: 1, right: 2 });
  assertEquals(holders[5], { left: 1, right: undefined });
  assertEquals(holders[6], { left: 1, right: 1 });
  assertEquals(found.first.holders, { left: undefined, right: undefined });
});

Deno.test("A recording in the game begins with what was there before", () => {
  const object = 7;
  const found = replay(
    recording(
      { kind: Mark.RUN, thread: ONE, start: 101, end: 0 },
      { kind: Mark.PUT, start: 102, object },
      { kind: Mark.PUT, start: 103, object, index: 1 },
      // Another queue, which the cell has nothing to do with.
      { kind: Mark.PUT, start: 104, object: 5 },
      { kind: Mark.GET, start: 160, object },
    ),
    { start: 150 },
  );
  assertEquals(found.first, {
    threads: ["runs", "runs", "has not begun"],
    queues: { "queue 1": ["item 1", "item 2"] },
    holders: {},
  });
  assertEquals(told(found), ["main gets item 1 from queue 1"]);
});
