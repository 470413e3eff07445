import { assertEquals } from "@std/assert";
import {
  canStep,
  endingOf,
  firstState,
  shortestDeadlock,
  take,
} from "../../labs/page/game/model.ts";
import { scenarios } from "../../labs/page/game/scenarios.ts";

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
