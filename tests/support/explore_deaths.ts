/**
 * The scenarios of the library's own protocols once more, with a thread in each that
 * dies: it is ordered to end at whatever step it has come to, or given up there and
 * counted as ended though it goes on.
 */

import { assertEquals } from "@std/assert";
import type { Scenario } from "../../lib/explore.ts";
import type { Barrier, Event, Queue, Semaphore } from "../../mod.ts";
import { Slot, Status } from "../../lib/thread/thread_table.ts";
import * as fns from "./explore_library.ts";
import { SLOT } from "./explore_lives.ts";
import { scenarios } from "./explore_scenarios.ts";

type Rule = (shared: never, notes: fns.Notes) => boolean;

const isEmpty = (queue: Queue<unknown>) => queue.isEmpty;
const isFull = (queue: Queue<unknown>) => queue.isFull;
const hasNone = (semaphore: Semaphore) => semaphore.value === 0;
const isUnset = (event: Event) => !event.isSet;
const hasToken = (_: unknown, notes: fns.Notes) => notes[5] === 1;
const hasNoToken = (_: unknown, notes: fns.Notes) => notes[5] === 0;
const always = () => true;
/** Whether the thread that is joined has died before its end, or its begin. */
const isUnended = (notes: fns.Notes) =>
  notes[SLOT] === 0 || new Slot(notes[SLOT]).status !== Status.ENDED;

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
  awaitThread: isUnended,
  consume: hasNoToken,
  doJob: always,
  getItems: isEmpty,
  giveAndWait: (_: unknown, notes: fns.Notes) => notes[7] === 0,
  giveJob: always,
  giveUp: isUnended,
  joinHolding: (_: unknown, notes: fns.Notes) => isUnended(notes),
  // All three wait for one that never began, or was given up without an end.
  joinNext: always,
  joinQueue: (queue: Queue<unknown>) => queue.unfinishedTasks > 0,
  joinThread: isUnended,
  produce: hasToken,
  putItems: isFull,
  putOne: always,
  serveJobs: always,
  startJob: always,
  takeAndMeet: always,
  takePermit: hasNone,
  takeToken: hasNoToken,
  // Who sees a worker's end has others look for what it has left.
  workerLoop: always,
  useSemaphore: hasNone,
  waitAndPassOn: always,
  waitAtBarrier: (barrier: Barrier) => !barrier.broken,
  waitForEvent: isUnset,
};

/** Whether the scenario has a victim of its own. */
function hasVictim({ threads }: Scenario): boolean {
  return threads.some(({ target }) => target.name.endsWith("AsVictim"));
}

/** Who counts them looks for them for ever. */
const DOES_NOT_DIE: ReadonlySet<string> = new Set(["waitAndPassOn"]);

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
    const made = scenario();
    if (hasVictim(made)) continue;
    const { threads } = made;
    for (const victim of threads.keys()) {
      if (DOES_NOT_DIE.has(threads[victim].target.name)) continue;
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
