import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { intervalOf } from "../../labs/runner/judge/interval.ts";
import { recordedLabs } from "../../labs/runner/judge/record.ts";
import {
  judgeTime,
  type Sample,
  secondsOf,
  type Timing,
} from "../../labs/runner/judge/timing.ts";
import { cellsOf, type ChosenCell } from "../../labs/runner/selection.ts";

const cells = recordedLabs.flatMap(cellsOf);

function find(id: string): ChosenCell {
  return cells.find((cell) => cell.id === id)!;
}

function sample(seconds: number, more: Partial<Sample> = {}): Sample {
  return { seconds, quick: false, output: "", ...more };
}

function sleep(id: string, here: number, quick = false): Timing {
  return judgeTime(find(id), [sample(here)], { cores: 2, quick });
}

/** A cell that was so many times faster than the one it is compared with. */
function speed(
  id: string,
  times: number | number[],
  { cores = 2, quick = false, ...more }: Partial<Sample> & { cores?: number } =
    {},
): Timing {
  const many = typeof times === "number" ? Array(6).fill(times) : times;
  const samples = many.map((times: number) =>
    sample(6 / times, { than: 6, ...more })
  );
  return judgeTime(find(id), samples, { cores, quick });
}

Deno.test("judgeTime() takes a sleeping cell by its seconds", () => {
  const holds = (id: string, here: number) => sleep(id, here).holds;
  assertEquals([1, 1.1, 1.5].map((s) => holds("threads:7", s)), [
    ...[true, true, true],
  ]);
  // One after another; without a sleep; far too slow.
  assertEquals([2, 0, 0.9, 1.6].map((s) => holds("threads:7", s)), [
    ...[false, false, false, false],
  ]);
  assertEquals([0, 0.5, 1].map((s) => holds("threads:8", s)), [
    ...[true, true, false],
  ]);
  assertEquals([2, 4, 20].map((s) => holds("threads:10", s)), [
    ...[true, false, false],
  ]);
});

Deno.test("judgeTime() states what it allows for starting workers", () => {
  assertEquals(
    sleep("threads:7", 1).expected,
    "1.0 seconds, and at most 0.5 more for starting workers",
  );
});

Deno.test("judgeTime() knows how long a cell sleeps with --quick", () => {
  assert(sleep("threads:10", 1, true).holds);
  assertEquals(sleep("threads:10", 2, true).holds, false);
  assertEquals(sleep("threads:10", 1, true).recorded, 1);
});

Deno.test("judgeTime() takes a computing cell by its ratio", () => {
  const timing = speed("pool:9", 1.93);
  assertEquals(timing.speed?.median.toFixed(2), "1.93");
  assertEquals(timing.speed?.recorded?.toFixed(2), "2.02");
  assertEquals((1 / timing.speed!.recorded!).toFixed(3), "0.494");
  assertEquals(timing.speed?.limit, 2);
  assert(timing.holds);
  const ratio = (id: string) => (1 / speed(id, 1).speed!.recorded!).toFixed(3);
  assertEquals([ratio("gil:35"), ratio("gil:36")], ["1.046", "0.660"]);
});

Deno.test("judgeTime() sees a pool that wins nothing", () => {
  for (const cores of [2, 4, 8, 64]) {
    for (const id of ["pool:9", "pool:10"]) {
      assertEquals(speed(id, 1.05, { cores }).holds, false);
    }
    assertEquals(speed("gil:36", 1.05, { cores }).holds, false);
  }
});

Deno.test("judgeTime() asks for what the processors here can win", () => {
  const holds = (times: number, cores: number) =>
    speed("pool:9", times, { cores }).holds;
  assertEquals([holds(1.3, 2), holds(1.3, 4), holds(1.3, 8)], [
    ...[true, false, false],
  ]);
  // As the notebook on its four processors.
  assert(holds(2.02, 4));
  // Four workers win no more on eight processors.
  const { speed: four, holds: won } = speed("gil:36", 1.5, { cores: 8 });
  assertEquals([four?.limit, won], [4, true]);
  assertStringIncludes(
    speed("pool:9", 1.9).expected!,
    "half of what 4 processors won the notebook, scaled to the 2 here",
  );
});

Deno.test("judgeTime() sees a lock that is missing", () => {
  const holds = (times: number, cores = 2) =>
    speed("gil:35", times, { cores }).holds;
  assertEquals([holds(0.5), holds(0.96), holds(1.1)], [true, true, true]);
  assertEquals([holds(1.3), holds(1.9), holds(3.5, 4)], [false, false, false]);
});

Deno.test("judgeTime() skips what one processor can't show", () => {
  const { holds, skipped } = speed("gil:36", 1, { cores: 1 });
  assertEquals(holds, undefined);
  assertEquals(skipped, "on one processor, nothing computes in parallel");
  // That nothing is won can be told on any.
  assertEquals(speed("gil:35", 1, { cores: 1 }).holds, true);
});

Deno.test("judgeTime() finds a lock that costs too much", () => {
  assertEquals(speed("gil:35", 0.6).holds, true);
  assertEquals(speed("gil:35", 0.4).holds, false);
  assertEquals(speed("gil:35", 1.3).holds, false);
});

Deno.test("judgeTime() tells no ratio of a quick run", () => {
  const { holds, skipped, speed: told } = speed("pool:9", 1, { quick: true });
  assertEquals([holds, told], [undefined, undefined]);
  assertStringIncludes(skipped!, "quick");
});

Deno.test("judgeTime() needs the time of the other cell", () => {
  assertEquals(
    speed("pool:9", 1, { than: null }).skipped,
    "it is compared with pool:8, which wasn't run",
  );
});

Deno.test("judgeTime() wants a few ratios that agree", () => {
  const { holds, isOpen, doubt } = speed("pool:9", [1.9]);
  assertEquals([holds, isOpen], [undefined, true]);
  assertStringIncludes(doubt!, "×1.90 to ×1.90");
  assertEquals(speed("pool:9", [1.9, 1.8, 1.9]).holds, true);
  // More to say that it isn't so, than that it is.
  assertEquals(speed("pool:9", [1, 1, 1]).isOpen, true);
  assertEquals(speed("pool:9", [1, 1, 1, 1, 1, 1]).holds, false);
  // One that is wrong by far doesn't count among many.
  const many = [0.4, ...Array(8).fill(1.9)];
  assertEquals(speed("pool:9", many.slice(0, 8)).isOpen, true);
  assertEquals(speed("pool:9", many).holds, true);
  // Never the same: at last there is no answer.
  const mixed = Array.from({ length: 15 }, (_, i) => i % 2 ? 1 : 1.9);
  const last = speed("pool:9", mixed);
  assertEquals([last.holds, last.isOpen], [undefined, false]);
  assertEquals(
    last.doubt,
    "×1.00 to ×1.90 is on both sides of ×1.17",
  );
});

Deno.test("judgeTime() blames other programs, but not for what they can't do", () => {
  const load = { others: 1.3 };
  const why = "other programs used 1.3 of 2 processors";
  assertEquals(speed("pool:9", 1, load).doubt, why);
  assertEquals(speed("gil:35", 1.6, load).doubt, why);
  assertEquals(speed("gil:35", 1.6, { others: 0.1 }).holds, false);
  // Threads that wait for each other, or don't, are seen all the same.
  assertEquals(speed("pool:9", 1, { ...load, concurrency: 2 }).doubt, why);
  assertEquals(speed("pool:9", 1, { ...load, concurrency: 1 }).holds, false);
  assertEquals(speed("pool:9", 1.5, { ...load, concurrency: 1 }).holds, false);
  assertEquals(speed("gil:35", 1.6, { ...load, concurrency: 1 }).doubt, why);
  assertEquals(speed("gil:35", 1, { ...load, concurrency: 4 }).holds, false);
});

Deno.test("judgeTime() tries a sleep again that took too long", () => {
  const slept = (seconds: number[], others = 0) =>
    judgeTime(
      find("threads:7"),
      seconds.map((s) => sample(s, { others })),
      { cores: 2, quick: false },
    );
  assertEquals(slept([2.1]).isOpen, true);
  assertEquals(slept([2.1, 1]).holds, true);
  assertEquals(slept([2.1, 2, 2, 2]).holds, false);
  assertEquals(slept([2.1, 2, 2, 2]).isOpen, false);
  assertEquals(slept([2.1, 2, 2, 2], 1.5).holds, false);
  assertEquals(slept([2.1, 2, 2, 2], 1.5).isOpen, false);
  // What takes now longer, now less beside other programs is tried more often.
  assertEquals(slept([2.3, 2, 2, 2], 1.5).isOpen, true);
  assertEquals(slept([2.3, 2, 2, 2]).isOpen, false);
  assertEquals(slept(Array(12).fill(2).fill(3, 6), 1.5).isOpen, false);
  // Other programs don't make it take too long by the same each time.
  assertEquals(slept([2.1, 1.6, 2.5, 3], 0).holds, false);
  assertEquals(
    slept([2.1, 1.6, 2.5, 3], 1.5).doubt,
    "other programs used 1.5 of 2 processors",
  );
  // A sleep that is too short is never theirs.
  assertEquals(slept([1, 0.9], 1.5).holds, false);
});

Deno.test("intervalOf() leaves out what is far off, of enough numbers", () => {
  const numbers = (count: number) => Array.from({ length: count }, (_, i) => i);
  assertEquals(intervalOf([3, 1, 2]), { median: 2, low: 1, high: 3, count: 3 });
  const ends = (count: number) => {
    const { low, high } = intervalOf(numbers(count));
    return [low, count - 1 - high];
  };
  assertEquals([1, 6, 8, 9, 12, 15].map(ends), [
    ...[[0, 0], [0, 0], [0, 0], [1, 1], [2, 2], [3, 3]],
  ]);
});

Deno.test("judgeTime() tells a ratio that was never recorded", () => {
  const { holds, skipped, speed: told } = speed("gil:None", 1.8);
  assertEquals([holds, skipped], [undefined, undefined]);
  assertEquals([told?.median.toFixed(1), told?.recorded], ["1.8", undefined]);
});

Deno.test("secondsOf() reads a cell's own time", () => {
  assertEquals(secondsOf("a\nFinished in 1.0 seconds\nb"), 1);
  assertEquals(secondsOf("Finished in 12.3456 seconds"), 12.3456);
  assertEquals(secondsOf("a"), null);
});
