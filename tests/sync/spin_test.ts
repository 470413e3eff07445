import { assertEquals, assertGreater, assertLess } from "@std/assert";
import { Spin, turn } from "../../lib/sync/spin.ts";

/** Waits as a processor does that is kept busy by another thread. */
function stall(ms: number): void {
  const end = performance.now() + ms;
  while (performance.now() < end);
}

Deno.test("Spin looks until there is something", () => {
  let looks = 0;
  const found = new Spin().until(() => ++looks === 3 ? "it" : undefined);
  assertEquals([found, looks], ["it", 3]);
});

Deno.test("Spin gives up when what it waits for doesn't come", () => {
  const spin = new Spin();
  let looks = 0;
  assertEquals(spin.until(() => void looks++), undefined);
  // With one processor it doesn't spin at all.
  if (navigator.hardwareConcurrency > 1) assertGreater(looks, 1);
});

Deno.test("Spin doesn't spin for some waits after its thread was late", () => {
  const spin = new Spin();
  spin.until(() => stall(1));
  for (let wait = 0; wait < 100; wait++) {
    let looks = 0;
    spin.until(() => void looks++);
    assertEquals(looks, 1);
  }
});

Deno.test("Spin looks less often after each wait in vain", () => {
  if (navigator.hardwareConcurrency < 2) return;
  const looksOf = (spin: Spin) => {
    let looks = 0;
    spin.until(() => void looks++);
    return looks;
  };
  // A busy machine ends a wait early: then the first is no more than the last.
  const ratios = Array.from({ length: 20 }, () => {
    const spin = new Spin();
    const first = looksOf(spin);
    for (let wait = 0; wait < 10; wait++) spin.until(() => undefined);
    return looksOf(spin) / first;
  });
  assertLess(Math.min(...ratios), 0.5);
});

Deno.test("turn() gives timers a turn", async () => {
  let fired = false;
  const timer = setInterval(() => fired = true, 0);
  const giveUpAt = performance.now() + 10_000;
  while (!fired && performance.now() < giveUpAt) await turn();
  clearInterval(timer);
  assertEquals(fired, true);
});
