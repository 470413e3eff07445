import { assert, assertEquals } from "@std/assert";
import { Claim } from "../../lib/pool/claim.ts";
import { Pace, Stopwatch } from "../../lib/pool/pace.ts";
import { timesOf } from "../../lib/pool/stats.ts";

/** A pace after a hundred tasks of function 1 that took a microsecond each. */
function quickPace(waiting = 0): Pace {
  const pace = new Pace(() => waiting);
  for (let i = 0; i < 100; i++) {
    pace.isQuick(1);
    pace.add(1);
  }
  return pace;
}

Deno.test("Pace: a function is quick once its tasks have been", () => {
  assert(!new Pace(() => 0).isQuick(1));
  assert(quickPace().isQuick(1));
});

Deno.test("Pace: another function, or a promise, is quick only later", () => {
  const pace = quickPace();
  assert(!pace.isQuick(2));
  assert(!pace.isQuick(1));
  const other = quickPace();
  other.slow();
  assert(!other.isQuick(1));
});

Deno.test("Pace: one long task among quick ones doesn't count for long", () => {
  const pace = quickPace();
  pace.add(1e6);
  assert(!pace.isQuick(1));
  for (let i = 0; i < 30; i++) pace.add(1);
  assert(pace.isQuick(1));
});

Deno.test("Pace: where many tasks wait, another worker is to help", () => {
  const pace = quickPace(1000);
  let help = 0;
  for (let i = 0; i < 32; i++) if (!pace.isQuick(1)) help++;
  assert(help === 2);
});

/** A stopwatch, and how its clock is set, read, and what it has written. */
function timed() {
  let now = 0;
  let looks = 0;
  const claim = new Int32Array(Claim.words(1));
  const stopwatch = new Stopwatch(claim, quickPace(), () => {
    looks++;
    return now;
  });
  const until = Claim.RAN - Claim.WAITED;
  const written = (at: number) =>
    Float64Array.from(claim.slice(at, at + until));
  return {
    stopwatch,
    wait: (microseconds: number) => void (now += microseconds),
    looks: () => looks - 1,
    /** The times that were written, in microseconds. */
    times: (at: number) => {
      const words = written(at);
      const count = words.slice(0, -1).reduce((sum, n) => sum + n, 0);
      const { p50, p90, max } = timesOf(words);
      return { count, p50: p50 * 1000, p90: p90 * 1000, max: max * 1000 };
    },
  };
}

Deno.test("Stopwatch: quick tasks are timed together", () => {
  const { stopwatch, wait, looks, times } = timed();
  for (let i = 0; i < 16; i++) {
    const began = stopwatch.begin(0);
    wait(2);
    stopwatch.end(began, true);
  }
  assertEquals(looks(), 2);
  assertEquals(times(Claim.RAN), { count: 16, p50: 2, p90: 2, max: 2 });
  assertEquals(times(Claim.WAITED), { count: 16, p50: 14, p90: 29, max: 30 });
});

Deno.test("Stopwatch: tasks that have ended are timed before a wait", () => {
  const { stopwatch, wait, looks, times } = timed();
  for (let i = 0; i < 3; i++) {
    const began = stopwatch.begin(0);
    wait(1);
    stopwatch.end(began, true);
  }
  stopwatch.stop();
  stopwatch.stop();
  assertEquals(looks(), 1);
  assertEquals(times(Claim.RAN), { count: 3, p50: 1, p90: 1, max: 1 });
  wait(1000);
  stopwatch.start();
  stopwatch.end(stopwatch.begin(1003), false);
  assertEquals(times(Claim.RAN), { count: 4, p50: 1, p90: 1, max: 1 });
  assertEquals(times(Claim.WAITED), { count: 4, p50: 0, p90: 2, max: 2 });
});

Deno.test("Stopwatch: of tasks timed together, the last one took long", () => {
  const { stopwatch, wait, times } = timed();
  for (const time of [1, 1, 1, 5000]) {
    const began = stopwatch.begin(0);
    wait(time);
    stopwatch.end(began, time === 1);
  }
  assertEquals(times(Claim.RAN), { count: 4, p50: 1, p90: 5000, max: 5000 });
  assertEquals(times(Claim.WAITED), { count: 4, p50: 1, p90: 3, max: 3 });
});
