/**
 * The scenarios of the library's own protocols once more, with a thread in each that
 * dies: it is ordered to end at whatever step it has come to, or given up there and
 * counted as ended though it goes on.
 */

import { assertEquals } from "@std/assert";
import type { Scenario } from "../../lib/explore.ts";
import type { Barrier, Event, Queue, Semaphore } from "../../mod.ts";
import * as fns from "./explore_library.ts";
import { scenarios } from "./explore_scenarios.ts";

type Rule = (shared: never, notes: fns.Notes) => boolean;

const isEmpty = (queue: Queue<unknown>) => queue.isEmpty;
const isFull = (queue: Queue<unknown>) => queue.isFull;
const hasNone = (semaphore: Semaphore) => semaphore.value === 0;
const isUnset = (event: Event) => !event.isSet;
const hasToken = (_: unknown, notes: fns.Notes) => notes[5] === 1;
const hasNoToken = (_: unknown, notes: fns.Notes) => notes[5] === 0;
const always = () => true;

/**
 * When a thread may wait for ever, as what it waits for never came. Nobody may wait
 * for what is there; those that aren't named here may not wait at all.
 */
const mayWait: Record<string, Rule> = {
  awaitEvent: isUnset,
  awaitGets: isEmpty,
  awaitPermit: hasNone,
  awaitPuts: isFull,
  awaitPutOne: always,
  consume: hasNoToken,
  getItems: isEmpty,
  giveAndWait: (_: unknown, notes: fns.Notes) => notes[7] === 0,
  giveJob: always,
  joinQueue: (queue: Queue<unknown>) => queue.unfinishedTasks > 0,
  produce: hasToken,
  putItems: isFull,
  putOne: always,
  takePermit: hasNone,
  takeToken: hasNoToken,
  useSemaphore: hasNone,
  waitAtBarrier: (barrier: Barrier) => !barrier.broken,
  waitForEvent: isUnset,
};

/** Has victims of its own, or a thread that looks for others for ever. */
const LEFT_OUT =
  /stopped|given up|ended|passed on|taken back|join one|is joined|^Pool|^Thread/;

/** The scenario with one more thread, the last: it ends the one with that number. */
function withDeath(
  scenario: () => Scenario,
  victim: number,
  givesUp: boolean,
): () => Scenario {
  return () => {
    const { threads } = scenario();
    const lives = new Int32Array(new SharedArrayBuffer(64));
    const cast = threads.map(({ target, args = [] }, i) => ({
      name: `${i}`,
      ...i === victim
        ? { target: fns.doAsVictim, args: [lives, target, args] }
        : { target: fns.doAsSurvivor, args: [target, args, givesUp] },
    }));
    return {
      threads: [...cast, { target: fns.strike, args: [lives, givesUp] }],
      atRest(waiting) {
        for (const name of waiting) {
          const { target, args = [] } = threads[Number(name)];
          const isDead = name === `${victim}` && lives[fns.STRUCK] !== 0;
          // One that awaits is told by a message, which doesn't come here.
          const mayBe = isDead
            ? givesUp || target.name.startsWith("await")
            : mayWait[target.name]?.(...args as [never, fns.Notes]) ?? false;
          assertEquals(mayBe, true, `${name} ${target.name} waits`);
        }
      },
    };
  };
}

/**
 * Of each scenario, with each thread that may die, and how; or with one of them,
 * which the seed picks.
 */
export function* deaths(
  seed?: number,
): Iterable<[name: string, scenario: () => Scenario]> {
  for (const [name, scenario] of Object.entries(scenarios)) {
    if (LEFT_OUT.test(name)) continue;
    const { threads } = scenario();
    for (const victim of threads.keys()) {
      if (seed !== undefined && seed % threads.length !== victim) continue;
      for (const givesUp of [false, true]) {
        const how = givesUp ? "given up" : "stopped";
        yield [
          `${name}; thread ${victim + 1} is ${how}`,
          withDeath(scenario, victim, givesUp),
        ];
      }
    }
  }
}
