import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import type { RecordedCell } from "../../labs/runner/judge/record.ts";
import { recorded } from "../../labs/runner/judge/record.ts";
import {
  judgeTime,
  secondsOf,
  type Timing,
} from "../../labs/runner/judge/timing.ts";

function find(id: string): RecordedCell {
  return Object.values(recorded).flat().find((cell) => cell.id === id)!;
}

function sleep(id: string, here: number, quick = false): Timing {
  const none = { recorded: null, here: null };
  return judgeTime(find(id), here, none, { cores: 2, quick });
}

/** A cell that was so many times faster than the one it is compared with. */
function speed(
  id: string,
  than: string,
  times: number,
  cores = 2,
  quick = false,
): Timing {
  const other = { recorded: find(than).seconds, here: 6 };
  return judgeTime(find(id), 6 / times, other, { cores, quick });
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
  const timing = speed("pool:9", "pool:8", 1.93);
  assertEquals(timing.speed?.here.toFixed(2), "1.93");
  assertEquals(timing.speed?.recorded?.toFixed(2), "2.02");
  assertEquals((1 / timing.speed!.recorded!).toFixed(3), "0.494");
  assertEquals(timing.speed?.limit, 2);
  assert(timing.holds);
  const ratio = (id: string) =>
    (1 / speed(id, "gil:34", 1).speed!.recorded!).toFixed(3);
  assertEquals([ratio("gil:35"), ratio("gil:36")], ["1.046", "0.660"]);
});

Deno.test("judgeTime() sees a pool that wins nothing", () => {
  for (const cores of [2, 4, 8, 64]) {
    for (const id of ["pool:9", "pool:10"]) {
      assertEquals(speed(id, "pool:8", 1.05, cores).holds, false);
    }
    assertEquals(speed("gil:36", "gil:34", 1.05, cores).holds, false);
  }
});

Deno.test("judgeTime() asks for what the processors here can win", () => {
  const holds = (times: number, cores: number) =>
    speed("pool:9", "pool:8", times, cores).holds;
  assertEquals([holds(1.3, 2), holds(1.3, 4), holds(1.3, 8)], [
    ...[true, false, false],
  ]);
  // As the notebook on its four processors.
  assert(holds(2.02, 4));
  // Four workers win no more on eight processors.
  const { speed: four, holds: won } = speed("gil:36", "gil:34", 1.5, 8);
  assertEquals([four?.limit, won], [4, true]);
  assertStringIncludes(
    speed("pool:9", "pool:8", 1.9).expected!,
    "half of what 4 processors won the notebook, scaled to the 2 here",
  );
});

Deno.test("judgeTime() sees a lock that is missing", () => {
  const holds = (times: number, cores = 2) =>
    speed("gil:35", "gil:34", times, cores).holds;
  assertEquals([holds(0.5), holds(0.96), holds(1.1)], [true, true, true]);
  assertEquals([holds(1.3), holds(1.9), holds(3.5, 4)], [false, false, false]);
});

Deno.test("judgeTime() skips what one processor can't show", () => {
  const { holds, skipped } = speed("gil:36", "gil:34", 1, 1);
  assertEquals(holds, undefined);
  assertEquals(skipped, "on one processor, nothing computes in parallel");
  // That nothing is won can be told on any.
  assertEquals(speed("gil:35", "gil:34", 1, 1).holds, true);
});

Deno.test("judgeTime() finds a lock that costs too much", () => {
  assertEquals(speed("gil:35", "gil:34", 0.6).holds, true);
  assertEquals(speed("gil:35", "gil:34", 0.4).holds, false);
  assertEquals(speed("gil:35", "gil:34", 1.3).holds, false);
});

Deno.test("judgeTime() only tells ratios of a quick run", () => {
  const { holds, skipped, speed: told } = speed("pool:9", "pool:8", 1, 2, true);
  assertEquals(holds, undefined);
  assertStringIncludes(skipped!, "quick");
  assertEquals(told?.here, 1);
});

Deno.test("judgeTime() needs the time of the other cell", () => {
  const other = { recorded: find("pool:8").seconds, here: null };
  const machine = { cores: 2, quick: false };
  assertEquals(
    judgeTime(find("pool:9"), 1, other, machine).skipped,
    "it is compared with pool:8, which wasn't run",
  );
});

Deno.test("judgeTime() tells a ratio that was never recorded", () => {
  const { holds, skipped, speed: told } = speed("gil:None", "gil:37", 1.8);
  assertEquals([holds, skipped], [undefined, undefined]);
  assertEquals([told?.here.toFixed(1), told?.recorded], ["1.8", undefined]);
});

Deno.test("secondsOf() reads a cell's own time", () => {
  assertEquals(secondsOf("a\nFinished in 1.0 seconds\nb"), 1);
  assertEquals(secondsOf("Finished in 12.3456 seconds"), 12.3456);
  assertEquals(secondsOf("a"), null);
});
