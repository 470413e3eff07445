import { assert, assertEquals } from "@std/assert";
import { offAbort, onAbort, onAbortQuietly } from "../../lib/sync/signals.ts";

/** Counts the listeners that a signal has. */
function counting(signal: AbortSignal): () => number {
  let count = 0;
  const { addEventListener, removeEventListener } = signal;
  signal.addEventListener = (...args: unknown[]) => {
    count++;
    Reflect.apply(addEventListener, signal, args);
  };
  signal.removeEventListener = (...args: unknown[]) => {
    count--;
    Reflect.apply(removeEventListener, signal, args);
  };
  return () => count;
}

Deno.test("onAbort() calls each callback once, in order", () => {
  const controller = new AbortController();
  const called: number[] = [];
  for (const i of [1, 2, 3]) onAbort(controller.signal, () => called.push(i));
  controller.abort();
  controller.abort();
  assertEquals(called, [1, 2, 3]);
});

Deno.test("onAbort() needs one listener a signal, and none in the end", () => {
  const { signal } = new AbortController();
  const listeners = counting(signal);
  const callbacks = Array.from({ length: 100 }, () => () => {});
  for (const callback of callbacks) onAbort(signal, callback);
  assertEquals(listeners(), 1);
  for (const callback of callbacks) offAbort(signal, callback);
  assertEquals(listeners(), 0);
  onAbort(signal, callbacks[0]);
  assertEquals(listeners(), 1);
  offAbort(signal, callbacks[0]);
});

Deno.test("offAbort() takes back one callback only", () => {
  const controller = new AbortController();
  const called: string[] = [];
  const [first, second] = ["first", "second"].map((name) => () => {
    called.push(name);
  });
  onAbort(controller.signal, first);
  onAbort(controller.signal, second);
  offAbort(controller.signal, first);
  controller.abort();
  assertEquals(called, ["second"]);
});

Deno.test("a callback may take back another that is still to come", () => {
  const controller = new AbortController();
  const { signal } = controller;
  const called: string[] = [];
  const second = () => {
    called.push("second");
  };
  onAbort(signal, () => {
    called.push("first");
    offAbort(signal, second);
  });
  onAbort(signal, second);
  controller.abort();
  assertEquals(called, ["first"]);
});

Deno.test("the cost of a signal that many share is linear", () => {
  const cost = (n: number) => {
    const controller = new AbortController();
    const start = performance.now();
    for (let i = 0; i < n; i++) onAbort(controller.signal, () => {});
    controller.abort();
    return performance.now() - start;
  };
  // Other programs make one now and then longer, none shorter. Sixteen times as many
  // callbacks took 256 times as long.
  let [few, many] = [Infinity, Infinity];
  const isLinear = () => many < 80 * Math.max(few, 0.5);
  for (let round = 0; round < 20 && !isLinear(); round++) {
    few = Math.min(few, cost(4000));
    many = Math.min(many, cost(64_000));
  }
  assert(isLinear(), `${few} ms, and ${many} ms for sixteen times as many`);
});

Deno.test("a wait that a timed signal ends leaves its quiet callback", async () => {
  const signal = AbortSignal.timeout(1);
  let calls = 0;
  const aborted = new Promise<void>((resolve) => {
    const callback = () => {
      offAbort(signal, callback);
      resolve();
    };
    onAbort(signal, callback);
  });
  onAbortQuietly(signal, () => calls++);
  await aborted;
  await new Promise((resolve) => setTimeout(resolve));
  assertEquals(calls, 1);
});
