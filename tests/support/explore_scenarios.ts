/**
 * The library's own protocols as scenarios for the explorer. Each is a few threads
 * and what has to hold after every schedule of them; the explorer itself sees to it
 * that none of them waits for ever.
 */

import { assertEquals } from "@std/assert";
import {
  explore,
  type Scenario,
  type ScenarioThread,
} from "../../lib/explore.ts";
import {
  Barrier,
  Condition,
  Event,
  Gil,
  LifoQueue,
  Lock,
  PriorityQueue,
  Queue,
  RLock,
  RWLock,
  Semaphore,
} from "../../mod.ts";
import { HANDOVER_BYTES } from "../../lib/thread/handover.ts";
import * as fns from "./explore_library.ts";

function thread(
  // deno-lint-ignore no-explicit-any -- whatever the function takes
  target: (...args: any[]) => unknown,
  ...args: unknown[]
): ScenarioThread {
  return { target, args };
}

function times<T>(n: number, one: T): T[] {
  return Array(n).fill(one);
}

function words(n = 16): Int32Array {
  return new Int32Array(new SharedArrayBuffer(4 * n));
}

/** Threads of which each has to come to its end, and what they count. */
function counted(
  make: (notes: fns.Notes) => ScenarioThread[],
  check: (notes: fns.Notes) => void,
): () => Scenario {
  return () => {
    const notes = words();
    return { threads: make(notes), check: () => check(notes) };
  };
}

const sums = (notes: fns.Notes) => notes[1];

/** Of a victim's scenario: whoever isn't the victim has done its part. */
function atLeast(n: number) {
  return (notes: fns.Notes) =>
    assertEquals(sums(notes) >= n && sums(notes) <= n + 1, true);
}

const enders = { stopped: fns.stopVictim, "given up": fns.giveVictimUp };
const stores = {
  Queue: (options = {}) => new Queue<number>(1, options),
  LifoQueue: (options = {}) => new LifoQueue<number>(1, options),
};

export const scenarios: Record<string, () => Scenario> = {
  "Mutex: three threads": counted(
    (notes) => times(3, thread(fns.useMutex, words(), notes)),
    (notes) => assertEquals(sums(notes), 3),
  ),
  "Lock: three threads": counted(
    (notes) => times(3, thread(fns.useLock, new Lock(), notes, 1)),
    (notes) => assertEquals(sums(notes), 3),
  ),
  "RLock: two threads, twice": counted(
    (notes) => times(2, thread(fns.useLock, new RLock(), notes, 2)),
    (notes) => assertEquals(sums(notes), 4),
  ),
  "Lock: a timeout": counted(
    (notes) => {
      const lock = new Lock();
      return [
        thread(fns.useLock, lock, notes, 2),
        thread(fns.useLock, lock, notes, 1, 0.001),
        thread(fns.useLock, lock, notes, 1),
      ];
    },
    (notes) => assertEquals([3, 4].includes(sums(notes)), true),
  ),
  "Lock: awaited and blocked for": counted(
    (notes) => {
      const lock = new Lock();
      return [
        thread(fns.awaitLock, lock, notes),
        thread(fns.useLock, lock, notes, 1),
        thread(fns.awaitLock, lock, notes),
      ];
    },
    (notes) => assertEquals(sums(notes), 3),
  ),
  "Lock: its holder ends": counted(
    (notes) => {
      const lock = new Lock();
      return [
        thread(fns.keepLock, lock),
        thread(fns.takeLeft, lock, notes),
        thread(fns.takeLeft, lock, notes),
      ];
    },
    // Where the holder came last, nobody was left to be told.
    (notes) => assertEquals(sums(notes) + notes[3], 2),
  ),
  "DeadlockError: a ring of two": counted(
    (notes) => {
      const [a, b] = [new Lock(), new Lock()];
      return [
        thread(fns.takeTwo, a, b, notes),
        thread(fns.takeTwo, b, a, notes),
      ];
    },
    (notes) => assertEquals(sums(notes) + notes[3], 2),
  ),
  "DeadlockError: a ring of three": counted(
    (notes) => {
      const [a, b, c] = [new Lock(), new RLock(), new Lock()];
      return [
        thread(fns.takeTwo, a, b, notes),
        thread(fns.takeTwo, b, c, notes),
        thread(fns.takeTwo, c, a, notes),
      ];
    },
    (notes) => {
      assertEquals(sums(notes) + notes[3], 3);
      assertEquals(notes[3] <= 1, true);
    },
  ),
  "DeadlockError: none where all keep to an order": counted(
    (notes) => times(3, thread(fns.takeInOrder, new Lock(), new Lock(), notes)),
    (notes) => assertEquals(sums(notes), 3),
  ),
  "DeadlockError: none where one was released": () => {
    const [a, b] = [new Lock(), new Lock()];
    return {
      threads: [
        thread(fns.oneByOne, a, b),
        thread(fns.nested, b, a),
        thread(fns.useLock, a, words(), 1, 1),
      ],
    };
  },
  "Semaphore: two permits, three threads": counted(
    (notes) => {
      const semaphore = new Semaphore(2);
      return [
        thread(fns.useSemaphore, semaphore, notes, 2),
        thread(fns.useSemaphore, semaphore, notes, 2, 0.001),
        thread(fns.useSemaphore, semaphore, notes, 2),
      ];
    },
    (notes) => assertEquals([2, 3].includes(sums(notes)), true),
  ),
  "Semaphore: several permits at once": () => {
    const semaphore = new Semaphore(0);
    return {
      threads: [
        thread(fns.takePermit, semaphore),
        thread(fns.takePermit, semaphore),
        thread(fns.givePermits, semaphore, 2),
      ],
      check: () => assertEquals(semaphore.value, 0),
    };
  },
  "Semaphore: awaited": () => {
    const semaphore = new Semaphore(0);
    return {
      threads: [
        thread(fns.awaitPermit, semaphore),
        thread(fns.takePermit, semaphore),
        thread(fns.givePermits, semaphore, 2),
      ],
      check: () => assertEquals(semaphore.value, 0),
    };
  },
  "Event: set once": counted(
    (notes) => {
      const event = new Event();
      return [
        thread(fns.waitForEvent, event, notes),
        thread(fns.awaitEvent, event, notes),
        thread(fns.setEvent, event),
      ];
    },
    (notes) => assertEquals(sums(notes), 2),
  ),
  "Condition: a place for one": counted(
    (notes) => {
      const condition = new Condition(new Lock());
      return [
        thread(fns.produce, condition, notes, 2),
        thread(fns.consume, condition, notes, 1),
        thread(fns.consume, condition, notes, 1),
      ];
    },
    (notes) => assertEquals(sums(notes), 2),
  ),
  "Condition: a token for each": counted(
    (notes) => {
      const condition = new Condition();
      return [
        thread(fns.takeToken, condition, notes),
        thread(fns.takeToken, condition, notes, 0.001),
        thread(fns.giveTokens, condition, notes, 2),
      ];
    },
    (notes) => assertEquals(sums(notes) + notes[5], 2),
  ),
  "Condition: a notify that comes late is passed on": counted(
    (notes) => {
      const condition = new Condition(new Lock());
      return [
        thread(fns.waitAndPassOn, condition, notes),
        thread(fns.waitAndPassOn, condition, notes, 0.001),
        thread(fns.notifyWaiting, condition, notes, 2),
      ];
    },
    (notes) => assertEquals(notes[4], 2),
  ),
  "Barrier: two threads, two rounds": counted(
    (notes) => times(2, thread(fns.waitAtBarrier, new Barrier(2), notes, 2)),
    (notes) => assertEquals([sums(notes), notes[3]], [0x22, 0]),
  ),
  "Barrier: three threads, one aborts": counted(
    (notes) => {
      const barrier = new Barrier(2);
      return [
        thread(fns.waitAtBarrier, barrier, notes, 1),
        thread(fns.waitAtBarrier, barrier, notes, 1, 0.001),
        thread(fns.abortBarrier, barrier),
      ];
    },
    (notes) => assertEquals(sums(notes) === 0x11 || notes[3] === 1, true),
  ),
  "Gil: two threads": counted(
    (notes) => {
      const gil = new Gil({ switchInterval: 0.0001 });
      return times(2, thread(fns.useGil, gil, notes, 2));
    },
    (notes) => assertEquals(sums(notes), 6),
  ),
  "RWLock: two readers, a writer": counted(
    (notes) => {
      const lock = new RWLock();
      return [
        thread(fns.read, lock, notes),
        thread(fns.read, lock, notes),
        thread(fns.write, lock, notes),
      ];
    },
    (notes) => assertEquals(sums(notes), 1),
  ),
  "Queue: room for small items that one large leaves": () => {
    const queue = new Queue<number | string>(0, { capacity: 64 });
    queue.putNowait("x".repeat(20));
    queue.putNowait(1);
    queue.putNowait(2);
    return {
      threads: [
        thread(fns.putItems, queue, [8]),
        thread(fns.putItems, queue, [7]),
        thread(fns.getItems, queue, 1, words()),
      ],
      check: () => assertEquals(queue.size, 4),
    };
  },
  "Queue: a small item doesn't wait for a large one": () => {
    const queue = new Queue<number | string>(0, { capacity: 64 });
    for (let i = 0; i < 4; i++) queue.putNowait(i);
    return {
      threads: [
        thread(fns.putItems, queue, ["7".repeat(20)], 0.001),
        thread(fns.putItems, queue, [7]),
        thread(fns.getItems, queue, 4, words()),
      ],
    };
  },
  "Queue: it grows": counted(
    (notes) => {
      const queue = new Queue<number | string>();
      const long = `1${"0".repeat(8)}`.padStart(3000, "0");
      return [
        thread(fns.putItems, queue, [long, 1]),
        thread(fns.putItems, queue, [long, 1]),
        thread(fns.getItems, queue, 4, notes),
      ];
    },
    (notes) => assertEquals(sums(notes), 200_000_002),
  ),
  "PriorityQueue: the smallest first": counted(
    (notes) => {
      const queue = new PriorityQueue<number>(2);
      return [
        thread(fns.putItems, queue, [[2, 2], [1, 1]]),
        thread(fns.putItems, queue, [[3, 4]], 0.001),
        thread(fns.getItems, queue, 3, notes),
      ];
    },
    (notes) => assertEquals(sums(notes), 7),
  ),
  "Queue: awaited": counted(
    (notes) => {
      const queue = new Queue<number>(1);
      return [
        thread(fns.awaitPuts, queue, [1, 2]),
        thread(fns.getItems, queue, 1, notes),
        thread(fns.awaitGets, queue, 1, notes),
      ];
    },
    (notes) => assertEquals(sums(notes), 3),
  ),
  "Queue: an awaited get that times out": () => {
    const queue = new Queue<number>();
    const notes = words();
    return {
      threads: [
        thread(fns.awaitGetOrGiveUp, queue, notes),
        thread(fns.awaitGetOrGiveUp, queue, notes),
        thread(fns.putItems, queue, [1]),
      ],
      check: () => assertEquals(sums(notes) + queue.size, 1),
    };
  },
  "Queue: joined": counted(
    (notes) => {
      const queue = new Queue<number>();
      queue.putNowait(1);
      return [
        thread(fns.joinQueue, queue, notes),
        thread(fns.getItems, queue, 1, notes),
      ];
    },
    (notes) => assertEquals([sums(notes), notes[6]], [1, 0]),
  ),
  "Pool: a task begins, or is called off": counted(
    (notes) => {
      const tickets = words();
      tickets[0] = 7;
      return [
        thread(fns.beginClaim, tickets, notes),
        thread(fns.beginClaim, tickets, notes),
        thread(fns.callOff, tickets, notes),
      ];
    },
    (notes) => assertEquals(sums(notes) + notes[2], 1),
  ),
  ...Object.fromEntries([false, true].map((takesBack) => [
    `Thread: a job is done${takesBack ? ", or taken back" : ""}`,
    counted(
      (notes) => {
        const buffer = new SharedArrayBuffer(HANDOVER_BYTES);
        return [
          thread(fns.doJob, buffer, notes),
          thread(fns.giveJob, buffer, notes, takesBack),
        ];
      },
      (notes) => assertEquals(sums(notes) + notes[2], 1),
    ),
  ])),
  ...Object.fromEntries(
    Object.entries(stores).flatMap(([name, make]) => [
      [
        `${name}: two put, two get`,
        counted(
          (notes) => {
            const queue = make();
            return [
              thread(fns.putItems, queue, [1, 2]),
              thread(fns.putItems, queue, [4], 0.001),
              thread(fns.getItems, queue, 2, notes),
              thread(fns.getItems, queue, 1, notes, 0.001),
            ];
          },
          (notes) => assertEquals(sums(notes), 7),
        ),
      ],
      ...[false, true].map((immediate) => [
        `${name}: shut down${immediate ? " at once" : ""}`,
        () => {
          const queue = make();
          const notes = words();
          return {
            threads: [
              thread(fns.putItems, queue, [1, 2]),
              thread(fns.getItems, queue, 3, notes),
              thread(fns.closeQueue, queue, immediate),
            ],
            check: () => assertEquals(queue.size, 0),
          };
        },
      ]),
    ]),
  ),
  // At each of its steps, a thread is ordered to end, or counted as ended.
  ...Object.fromEntries(
    Object.entries(enders).flatMap(([how, end]) => [
      [
        `Lock: one of three is ${how}`,
        counted((notes) => {
          const lock = new Lock();
          return [
            thread(fns.useLockAsVictim, lock, notes),
            thread(fns.takeLeft, lock, notes),
            thread(end, notes),
          ];
        }, (notes) => assertEquals(sums(notes) + notes[3] >= 1, true)),
      ],
      [
        `Queue: one who gets is ${how}`,
        counted((notes) => {
          const queue = new Queue<number>(1);
          return [
            thread(fns.getItemsAsVictim, queue, notes),
            thread(fns.putItems, queue, [1, 1]),
            thread(fns.getItems, queue, 1, notes),
            thread(end, notes),
          ];
        }, atLeast(1)),
      ],
      [
        `Barrier: one of two is ${how}`,
        counted((notes) => {
          const barrier = new Barrier(2);
          return [
            thread(fns.waitAtBarrierAsVictim, barrier, notes),
            thread(fns.waitAtBarrier, barrier, notes, 1, 1),
            thread(end, notes),
          ];
        }, () => {}),
      ],
    ]),
  ),
  // One that was given up may go on, without the lock.
  "Gil: one of two is stopped": counted((notes) => {
    const gil = new Gil({ switchInterval: 0.0001 });
    return [
      thread(fns.useGilAsVictim, gil, notes),
      thread(fns.useGil, gil, notes, 1),
      thread(fns.stopVictim, notes),
    ];
  }, (notes) => assertEquals(sums(notes) >= 2, true)),
  "Semaphore: one of three is stopped": () => {
    const semaphore = new Semaphore(1);
    const notes = words();
    return {
      threads: [
        thread(fns.useSemaphoreAsVictim, semaphore, notes),
        thread(fns.useSemaphore, semaphore, notes, 1),
        thread(fns.stopVictim, notes),
      ],
      check: () => assertEquals(semaphore.value, 1),
    };
  },
  "Condition: one of two is stopped": counted((notes) => {
    const condition = new Condition(new Lock());
    return [
      thread(fns.takeTokenAsVictim, condition, notes),
      thread(fns.takeToken, condition, notes),
      thread(fns.giveTokens, condition, notes, 2),
      thread(fns.stopVictim, notes),
    ];
  }, (notes) => assertEquals(sums(notes) + notes[5], 2)),
  "Queue: one who puts is stopped": () => {
    const queue = new Queue<number>(1);
    const notes = words();
    return {
      threads: [
        thread(fns.putItemsAsVictim, queue, notes),
        thread(fns.putItems, queue, [1]),
        thread(fns.getItems, queue, 1, words()),
        thread(fns.stopVictim, notes),
      ],
      check: () => assertEquals(queue.size, notes[2] === 1 ? 0 : 1),
    };
  },
  "DeadlockError: none while one is stopped": counted((notes) => {
    const [a, b] = [new Lock(), new Lock()];
    return [
      thread(fns.takeInOrderAsVictim, a, b, notes),
      thread(fns.takeInOrder, a, b, notes),
      thread(fns.stopVictim, notes),
    ];
  }, (notes) => assertEquals(sums(notes) >= 1, true)),
};

/** Options of {@linkcode exploreAll}. */
export interface ExploreAllOptions {
  /** How many schedules of each kind a scenario has. */
  schedules: number;
  /** How many preemptions, for those that are gone through one by one. */
  preemptions: number;
  seed: number;
  /** When to stop, on the clock of `performance.now()`. @default {Infinity} */
  until?: number;
  /** Called after each scenario. */
  onDone?: (name: string, schedules: number, seconds: number) => void;
}

/** Explores every scenario, depth first and with random priorities. */
export async function exploreAll(
  { schedules, preemptions, seed, until = Infinity, onDone }: ExploreAllOptions,
): Promise<void> {
  for (const [name, scenario] of Object.entries(scenarios)) {
    if (performance.now() > until) return;
    try {
      const found = await explore(scenario, { schedules, preemptions, seed });
      const random = found.isComplete
        ? { schedules: 0, seconds: 0 }
        : await explore(scenario, { strategy: "pct", schedules, seed });
      onDone?.(
        name,
        found.schedules + random.schedules,
        found.seconds + random.seconds,
      );
    } catch (error) {
      throw new Error(`${name}: ${(error as Error).message}`, { cause: error });
    }
  }
}
